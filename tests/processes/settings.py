"""The server's own settings, with limits that a storm from one address doesn't reach."""

from tests.durability.settings import *  # noqa: F403
from tests.durability.settings import HUBBUB

HUBBUB |= {"SOCKETS_PER_ADDRESS": 1_000_000, "SOCKETS_PER_USER": 1_000_000}
HUBBUB["LIMITS"] |= dict.fromkeys(("reads", "guest_messages", "guest_reads", "guest_conversations"), "1000000/s")
