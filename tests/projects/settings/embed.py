"""Chat in the project's own pages, under a strict policy of what those may load."""

from tests.projects.settings.base import *
from tests.projects.settings.base import MIDDLEWARE

MIDDLEWARE = ["tests.projects.policy.strict", *MIDDLEWARE]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/own/"
USE_THOUSAND_SEPARATOR = True
