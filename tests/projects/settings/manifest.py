"""Static files under hashed names, on another host."""

import os

from tests.projects.settings.base import *
from tests.projects.settings.base import DATA

STATIC_URL = os.environ["PROJECT_STATIC_URL"]
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
DEBUG = False
