"""A user model of the project's own: e-mail addresses for names, UUIDs for keys."""

from tests.projects.settings.base import *
from tests.projects.settings.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.people"]
AUTH_USER_MODEL = "people.Person"
