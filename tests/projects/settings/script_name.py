"""Behind a proxy's location, with the path set in Django."""

from tests.projects.settings.base import *

FORCE_SCRIPT_NAME = "/apps/hub"
