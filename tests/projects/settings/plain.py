"""Nothing but the steps of the page."""

from tests.projects.settings.base import *
