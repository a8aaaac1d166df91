"""The server's own settings, and an app with tasks."""

from tests.processes.settings import *  # noqa: F403
from tests.processes.settings import HUBBUB, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.processes.chores"]
HUBBUB |= {"EVENTS_PER_TOPIC": 5, "TASK_SECONDS": 3.0, "RECENT_BYTES": 0}
