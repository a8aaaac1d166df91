"""The server's own settings, with a database and data directory of the test run's own."""

import os
import tempfile

os.environ.setdefault("HUBBUB_DATA_DIR", tempfile.mkdtemp(prefix="hubbub-test-"))
# A pool would outlive the databases that tests make and drop.
os.environ.setdefault("HUBBUB_DATABASE_CONNECTIONS", "0")

from hubbub.django.settings import *  # noqa: F403
from hubbub.django.settings import DATA_DIR, DATABASES

# A file, as the server has it: in memory, threads would lock each other out without queueing.
if DATABASES["default"]["ENGINE"] == "hubbub.django.sqlite":
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
