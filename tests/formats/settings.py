"""The server's own settings, with a heart that beats every second."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB["HEARTBEAT"] = 1.0
