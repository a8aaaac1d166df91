"""A project that has hubbub at ``talk/``, behind a server that has the project at ``/site``."""

from hubbub.django.settings import *  # noqa: F403

ROOT_URLCONF = "hubbub.web.tests.below_a_prefix"
FORCE_SCRIPT_NAME = "/site"
STATIC_URL = "/site/files/"
