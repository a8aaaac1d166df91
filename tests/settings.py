"""The server's own settings, with a database and data directory of the test run's own."""

import os
import tempfile

from tests.stores import ON_POSTGRES

os.environ.setdefault("HUBBUB_DATA_DIR", tempfile.mkdtemp(prefix="hubbub-test-"))
# A pool would outlive the databases that tests make and drop.
os.environ.setdefault("HUBBUB_DATABASE_CONNECTIONS", "0")
_STORE = {
    "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
    "REDIS_URL": os.environ["TEST_REDIS_URL"],
    "HUBBUB_REDIS_PREFIX": f"test-{os.getpid()}",
} if ON_POSTGRES else {}  # fmt: skip
os.environ.update(_STORE)

from hubbub.django.settings import *  # noqa: E402, F403
from hubbub.django.settings import DATA_DIR, DATABASES  # noqa: E402

# What a test starts is told by the test where it stores.
for _name in _STORE:
    del os.environ[_name]

# A file, as the server has it: in memory, threads would lock each other out without queueing.
if DATABASES["default"]["ENGINE"] == "hubbub.django.sqlite":
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
else:  # Some tests run others in a process of their own.
    DATABASES["default"]["TEST"] = {"NAME": f"test_{os.getpid()}"}

# The layer is Valkey's, but what is counted there would outlive the test that has used it up: see tests/processes.
HUBBUB_REDIS_URL = ""

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
