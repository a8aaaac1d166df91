"""Two databases and a router: all that hubbub writes, and the users, are in the other one."""

from tests.projects.settings.base import *
from tests.projects.settings.base import DATA, DATABASES

DATABASES = {**DATABASES, "chat": {"ENGINE": "hubbub.django.sqlite", "NAME": DATA / "chat.sqlite3"}}
DATABASE_ROUTERS = ["tests.projects.router.ChatRouter"]
