"""The server's own settings, with few sockets for one address."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB["SOCKETS_PER_ADDRESS"] = 20
HUBBUB["LIMITS"] = {"reads": "100000/s", "guest_reads": "100000/s"}
