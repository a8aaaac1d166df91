"""A credential of the project's own, over REST and for sockets."""

from tests.projects.settings.base import *
from tests.projects.settings.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.projects.keys"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["tests.projects.keys.KeyAuthentication"]}
