"""The server's own settings, with limits that a short conversation reaches."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB["RESUME_LIMIT"] = 2
HUBBUB["LIMITS"] = {**HUBBUB.get("LIMITS", {}), "messages": "4/4s"}
