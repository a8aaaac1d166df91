"""The server's own settings, and a view by which a test has it send to groups: code of a project, in its process."""

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import HUBBUB

ROOT_URLCONF = "tests.formats.group_urls"
HUBBUB["GROUPS"] = {"sales_{id}": "audience.group.{id}"}
