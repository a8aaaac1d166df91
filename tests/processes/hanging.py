"""The server's own settings around an application that never ends."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

ASGI_APPLICATION = "tests.processes.stuck.application"
HUBBUB["DRAIN_SECONDS"] = 0.5
