"""The server's own settings, with limits that a short conversation reaches."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB["HEARTBEAT"] = 1.0
HUBBUB["RESUME_LIMIT"] = 2
HUBBUB["LIMITS"] = {**HUBBUB.get("LIMITS", {}), "messages": "4/2s"}
