"""The server's own settings, which looks at the log for other processes' events so rarely that a test ends before."""

import os

from tests.durability.settings import *  # noqa: F403
from tests.durability.settings import HUBBUB

HUBBUB["TAIL_SECONDS"] = float(os.environ.get("TEST_TAIL_SECONDS", "60"))
