"""A project that has hubbub, and no use for the page of its API."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, REST_FRAMEWORK

INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("drf_spectacular")]
REST_FRAMEWORK = {name: value for name, value in REST_FRAMEWORK.items() if name != "DEFAULT_SCHEMA_CLASS"}
SPECTACULAR_SETTINGS = {}
