"""The server of the durability tests, with the bug that FAULTY names."""

from tests.durability.settings import *  # noqa: F403
from tests.durability.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faulty.apps.FaultyConfig"]
