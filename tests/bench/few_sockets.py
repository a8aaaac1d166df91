"""The server's own settings, for five connections from one address."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

HUBBUB |= {"SOCKETS_PER_ADDRESS": 5}
