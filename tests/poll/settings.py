"""The server's own settings with one more app, as a project would have it."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import INSTALLED_APPS as HUBBUB_APPS

INSTALLED_APPS = [*HUBBUB_APPS, "tests.poll.feature"]
