"""The server's own settings, with limits that people at random don't reach."""

from tests.processes.settings import *  # noqa: F403
from tests.processes.settings import HUBBUB

HUBBUB["LIMITS"] |= {"writes": "1000000/s"}
