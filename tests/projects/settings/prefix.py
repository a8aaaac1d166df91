"""hubbub's URLs and sockets below paths of the project's choice."""

from tests.projects.settings.base import *

AT = "community/"
HUBBUB = {"GUESTS": True, "SOCKET_PREFIX": "community/live/"}
