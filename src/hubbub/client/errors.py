"""What a client's caller may have to deal with. The server's own errors are those of ``hubbub.protocol.errors``."""

from hubbub.protocol.errors import ERRORS, ErrorBody, HubbubError
from hubbub.protocol.frames import Position


class ServerError(HubbubError):
    """An error that only the server's own features know; ``code`` says which."""

    def __init__(self, body: ErrorBody) -> None:
        super().__init__(body.message, retry_after=body.retry_after)
        self.code = body.code  # type: ignore[misc]
        self.temporary = body.temporary  # type: ignore[misc]


class Disconnected(HubbubError):
    """The connection was lost before the answer came. Whether it happened is unknown."""

    code = "disconnected"
    temporary = True


class TimedOut(HubbubError):
    """The server didn't answer in time. Whether it happened is unknown."""

    code = "timeout"
    temporary = True


class TooBig(HubbubError):
    """This is larger than the server takes in one frame. It was not sent."""

    code = "too_big"


class Expired(HubbubError):
    """This was sent long ago, without an answer. The server may have forgotten it, so a repeat could double it."""

    code = "expired"


class UnknownOutcome(HubbubError):
    """A guest's connection was lost before the answer came: a repeat could double it."""

    code = "unknown_outcome"


class QueueFull(HubbubError):
    """As many commands wait as may. Wait for some, or raise ``max_queued``."""

    code = "queue_full"


class QueueFileError(HubbubError):
    """The queue's file can't be used."""

    code = "queue_file"


class Ended(HubbubError):
    """The client is not connected and won't connect again. What is queued in a file is kept."""

    code = "closed"


class SignedOut(Ended):
    """The server doesn't know who this is: the token is refused, and there is no fresh one."""

    code = "signed_out"


class NotAllowed(Ended):
    """The server lets this client in no more: one may not connect here."""

    code = "not_allowed"


class CannotConnect(Ended):
    """What answers at the address is no hubbub, or refuses every handshake. Waiting would not help."""

    code = "cannot_connect"


class OtherUser(Ended):
    """The queue is another user's, and is not sent as this one's."""

    code = "other_user"


class Unsubscribed(HubbubError):
    """The server ended this topic's events, because the user was removed from a conversation for example."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"The server ended the events of {topic}: {reason}.")
        self.topic = topic
        self.reason = reason
        """In the server's words: ``left``, ``removed``, …"""


class TopicReset(HubbubError):
    """Some of a topic's events won't come: drop what you know of it, and read it again (rules SUB-2 and SUB-3)."""

    def __init__(self, topic: str, reason: str, position: Position) -> None:
        super().__init__(
            f"{topic} was reset ({reason}): events are missing. Read it again, then go on: events after "
            f"{position.offset} follow."
        )
        self.topic = topic
        self.reason = reason
        """``epoch`` (restored from a backup), ``too_old`` (pruned), ``too_far`` (too many) or ``inbox``."""
        self.position = position
        """Every event after this one follows."""


_KNOWN: tuple[type[HubbubError], ...] = (*ERRORS, Expired, UnknownOutcome, TooBig)
_BY_CODE = {error.code: error for error in _KNOWN}


def error_of(body: ErrorBody) -> HubbubError:
    """The exception for an error frame: of the class that has its code, else a ServerError."""
    known = _BY_CODE.get(body.code)
    if known is None or known.temporary != body.temporary:
        return ServerError(body)
    return known(body.message, retry_after=body.retry_after)


def body_of(error: HubbubError) -> ErrorBody:
    """The error as it is kept beside a queued command."""
    return ErrorBody(error.code, error.message, error.temporary, error.retry_after)
