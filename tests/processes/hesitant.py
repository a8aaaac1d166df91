"""Settings of a project whose first three workers can't begin."""

import os
from pathlib import Path

from tests.processes.layered import *  # noqa: F403

for name in ("first", "second", "third") if "HUBBUB_WORKER" in os.environ else ():
    try:
        Path(os.environ["HESITATIONS"], name).touch(exist_ok=False)
    except FileExistsError:
        continue
    raise SystemExit("Not yet.")
