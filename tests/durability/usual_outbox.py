"""The same without its large outbox: what waits for a reader is bounded as usual."""

from tests.processes.settings import *  # noqa: F403
from tests.processes.settings import HUBBUB

del HUBBUB["OUTBOX_BYTES"]
