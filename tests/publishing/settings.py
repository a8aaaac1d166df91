"""The server's own settings with the board, and limits that a load of this size does not reach."""

from tests.durability.settings import *  # noqa: F403
from tests.durability.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.publishing.board"]
ROOT_URLCONF = "tests.publishing.board.urls"
