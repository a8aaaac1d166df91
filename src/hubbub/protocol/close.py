"""Close codes (rule CLO-1 of ``docs/SPEC.md``). The text below each is its row in the reference."""

from enum import IntEnum


class Close(IntEnum):
    """Why a connection ended, and whether a client should come back."""

    NORMAL = 1000
    """Somebody is done: the client itself, or a page that was left."""
    GOING_AWAY = 1001
    """The client has sent nothing for two and a half heartbeats."""
    TOO_BIG = 1009
    """A frame over 65,536 bytes. Sent again, it would be too big again."""
    RESTART = 1012
    """The server stops or is restarted. Resume after a random wait."""
    TRY_LATER = 1013
    """The socket could not be opened just now: the database does not answer, or too much waits."""
    NOT_AUTHENTICATED = 4001
    """The credential is bad or has expired, or the sign-in has ended."""
    NOT_ALLOWED = 4003
    """Signed in, but not allowed here, or no longer; the same for what does not exist."""
    RATE_LIMIT = 4008
    """Went on sending over the frame rate after being told."""
    TOO_SLOW = 4010
    """More waited for this reader than `OUTBOX_BYTES`. Nothing is lost: resume."""
    TOO_MANY_CONNECTIONS = 4029
    """More connections of one user or one network than allowed."""

    @property
    def reconnect(self) -> bool:
        """Whether a client should connect again; after 4001 with fresh credentials only."""
        return self not in (Close.NORMAL, Close.TOO_BIG, Close.NOT_ALLOWED)

    @property
    def meaning(self) -> str:
        """Why, and what to do, for the reference."""
        return _MEANINGS[self]


_MEANINGS = {
    Close.NORMAL: "Either side is done.",
    Close.GOING_AWAY: "Nothing was heard of the client for two and a half heartbeats.",
    Close.TOO_BIG: "A frame was too large.",
    Close.RESTART: "The server restarts: connect again and resume.",
    Close.TRY_LATER: "The server cannot take it now: connect again later.",
    Close.NOT_AUTHENTICATED: "Not signed in, or no longer: connect again with a fresh credential.",
    Close.NOT_ALLOWED: "This client may not connect here.",
    Close.RATE_LIMIT: "The client went on sending past its rate.",
    Close.TOO_SLOW: "The client reads too slowly: connect again and resume from the log.",
    Close.TOO_MANY_CONNECTIONS: "This user or address has as many connections as it may.",
}
