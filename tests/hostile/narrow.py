"""Limits that a test soon reaches."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB |= {"GUESTS": True, "MAX_SUBSCRIPTIONS": 10, "SOCKETS_PER_USER": 5, "SOCKETS_PER_ADDRESS": 20}
HUBBUB["LIMITS"] = {"logins": "10/h", "messages": "60/h"}  # Nothing comes back while a test runs.
