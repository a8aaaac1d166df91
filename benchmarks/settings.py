"""The server's own settings, with the benchmark's feature and limits that one machine's clients don't hit."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB
from hubbub.django.settings import INSTALLED_APPS as HUBBUB_APPS

INSTALLED_APPS = [*HUBBUB_APPS, "benchmarks.feature"]
MANY = "100000000/s"
HUBBUB |= {
    "SOCKETS_PER_ADDRESS": 1_000_000,
    "SOCKETS_PER_USER": 1_000_000,
    "FRAME_RATE": MANY,
    "LIMITS": dict.fromkeys(("messages", "reads", "guest_messages", "guest_reads", "writes", "tickets"), MANY),
}
