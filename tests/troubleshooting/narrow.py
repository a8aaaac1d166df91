"""The server's own settings with limits that a test soon reaches."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import DATABASES, HUBBUB, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.troubleshooting.feature"]
HUBBUB |= {"SOCKETS_PER_USER": 2, "OUTBOX_BYTES": 100_000}
DATABASES["default"]["OPTIONS"] = {"timeout": 0.2}
