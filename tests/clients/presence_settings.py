"""As for the scenarios, where who is gone is gone soon."""

from tests.clients.settings import *  # noqa: F403
from tests.clients.settings import HUBBUB

HUBBUB |= {"PRESENCE_GRACE": 3.0}
