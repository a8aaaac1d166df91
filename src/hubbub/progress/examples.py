"""An example of each wire type of progress, for the reference."""

from datetime import UTC, datetime

from hubbub.progress import messages as wire
from hubbub.protocol.registry import example

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
IMPORT = wire.Job(31, "Import of members", 0.4, "1200 of 3000 rows", AT)

example(
    IMPORT,
    wire.RunningJobs([IMPORT]),
    wire.ProgressStarted(31, "Import of members", AT),
    wire.ProgressAdvanced(31, 0.4, "1200 of 3000 rows"),
    wire.ProgressEnded(31, "Import of members", "done", "3000 rows", "/members/"),
)
