"""Close codes (rule CLO-1 of ``docs/SPEC.md``)."""

from enum import IntEnum


class Close(IntEnum):
    """Why a connection ended, and whether a client should come back."""

    NORMAL = 1000
    GOING_AWAY = 1001
    TOO_BIG = 1009
    RESTART = 1012
    TRY_LATER = 1013
    NOT_AUTHENTICATED = 4001
    NOT_ALLOWED = 4003
    RATE_LIMIT = 4008
    TOO_SLOW = 4010
    TOO_MANY_CONNECTIONS = 4029

    @property
    def reconnect(self) -> bool:
        """Whether a client should connect again; after 4001 with fresh credentials only."""
        return self not in (Close.NORMAL, Close.TOO_BIG, Close.NOT_ALLOWED)
