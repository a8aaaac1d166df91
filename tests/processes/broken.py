"""Settings of a project whose workers can't begin."""

from tests.processes.layered import *  # noqa: F403

ASGI_APPLICATION = "tests.processes.nothing.application"
