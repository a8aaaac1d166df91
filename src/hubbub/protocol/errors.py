"""The one error hierarchy: the same error is an error frame on a socket and a status over REST.

An exception's docstring is its default message. Rules ERR-1 to ERR-3 of ``docs/SPEC.md``.
"""

from typing import Any, ClassVar

import msgspec


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """What a client sees of an error, on a socket and over REST alike."""

    code: str
    message: str
    temporary: bool = msgspec.field(default=False)
    retry_after: float | None = None
    """Seconds to wait before trying again, where the server knows."""


class HubbubError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    temporary: ClassVar[bool] = False
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.retry_after = retry_after
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The error as plain JSON: ``code``, ``message``, ``temporary``, and ``retry_after`` in seconds."""
        body: dict[str, Any] = {"code": self.code, "message": self.message, "temporary": self.temporary}
        if self.retry_after is not None:
            body["retry_after"] = round(self.retry_after, 3)
        return body


class BadJson(HubbubError):
    """Invalid JSON"""

    code = "bad_json"


class BadFrame(HubbubError):
    """The frame is not a command: it needs a "type" that is text."""

    code = "bad_frame"
    about: Any = None
    """The frame as far as it could be read, so that the answer finds its command."""


class UnknownCommand(HubbubError):
    """Unknown message type"""

    code = "unknown_command"


class BadData(HubbubError):
    """The command's data does not fit."""

    code = "bad_data"


class Empty(HubbubError):
    """Empty message"""

    code = "empty"


class TooLong(HubbubError):
    """Message too long"""

    code = "too_long"


class NotAuthenticated(HubbubError):
    """Sign in first."""

    code = "not_authenticated"
    status = 401

    def __init__(self, message: str = "", *, retry_after: float | None = None, why: str = "") -> None:
        super().__init__(message, retry_after=retry_after)
        self.why = why or self.message
        """For the log. A client is told ``message``, which is the same for every fault of a credential."""


class Forbidden(HubbubError):
    """You may not do this, or it does not exist."""

    code = "forbidden"
    status = 403


class Absent(Forbidden):
    """Not found."""

    # The same code as Forbidden on purpose: nobody learns what exists (rule ACC-1).
    status = 404


class Conflict(HubbubError):
    """This clashes with what is already there."""

    code = "conflict"
    status = 409


class Busy(HubbubError):
    """The server is busy. Try again in a moment."""

    code = "busy"
    temporary = True
    status = 503


class RateLimited(HubbubError):
    """Rate limit exceeded"""

    code = "rate_limited"
    temporary = True
    status = 429


class TooManySubscriptions(HubbubError):
    """This connection follows as many topics as it may. Unsubscribe from some first."""

    code = "too_many_subscriptions"
    status = 429


class NotSubscribed(HubbubError):
    """Subscribe to the topic first."""

    code = "not_subscribed"


class Internal(HubbubError):
    """Something went wrong here. It has been logged."""

    code = "internal"
    temporary = True
    status = 500


ERRORS: tuple[type[HubbubError], ...] = (
    BadJson,
    BadFrame,
    UnknownCommand,
    BadData,
    Empty,
    TooLong,
    NotAuthenticated,
    Forbidden,
    Conflict,
    Busy,
    RateLimited,
    TooManySubscriptions,
    NotSubscribed,
    Internal,
)
"""Every error a client may see, one for each code: the reference page is made from it."""
