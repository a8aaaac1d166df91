"""An example of each wire type of the inspector, for the reference."""

from datetime import UTC, datetime

from hubbub.inspector import messages as wire
from hubbub.protocol.registry import example

PROCESS = "chat-1:4711"
SESSION = wire.SessionFigures(
    id="5f0c0f6e9a3b4d7f8e21c4d5a6b7c8d9",
    actor="u.7",
    username="ada",
    age=125.2,
    silent=3.1,
    topics=4,
    waiting=0,
    received=0.2,
    sent=12.4,
)
TOPIC = wire.TopicFigures(topic="chat.42", subscribers=31, events=2.5)
TOTALS = wire.Totals(
    sessions=1804,
    topics=312,
    subscriptions=7120,
    waiting=0,
    slow=0,
    received=120.0,
    events=85.0,
    deliveries=1980.0,
    lag=0.0012,
)
FRAME = wire.FrameSeen(
    at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    session=SESSION.id,
    direction="in",
    type="chat.send",
    topic="chat.42",
    bytes=118,
)

example(
    SESSION,
    TOPIC,
    TOTALS,
    FRAME,
    wire.Measured(PROCESS, TOTALS, slow=[], busy=[SESSION], topics=[TOPIC]),
    wire.FramesSeen(PROCESS, frames=[FRAME], missed=0, left=240.0),
    wire.TraceEnded(PROCESS),
    wire.ListSessions(search="ad", sort="sent"),
    wire.SessionPage(PROCESS, [SESSION], 1),
    wire.CloseSession(session=SESSION.id),
)
