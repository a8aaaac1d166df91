"""One push to one browser: encrypted for it (RFC 8291), signed, and given to its push service (RFC 8030).

Not by the HTTP client of pywebpush: that one follows redirects and looks the name up once more, and what was checked
of the address would hold for another.
"""

import logging
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer
from time import monotonic, time
from typing import Any

from hubbub.notifications.push.endpoints import BadEndpoint, Place, place_of
from hubbub.notifications.push.vapid import authorization

logger = logging.getLogger("hubbub.push")

STEP_SECONDS = 10.0
"""What connecting and each read may take."""
WHOLE_SECONDS = 20.0
"""What all of it may take: a service that sends a byte now and then does not hold up what comes after it."""
LONGEST_RETRY = 3600.0


class Outcome(Enum):
    """What came of a push."""

    SENT = "sent"
    GONE = "gone"
    """The browser has given its subscription up."""
    LATER = "later"
    """It may go the next time."""
    SILENT = "silent"
    """There was no answer in time."""
    REFUSED = "refused"
    """It would be no other the next time."""


@dataclass(frozen=True)
class Push:
    """What is to be pushed, and how."""

    data: bytes
    ttl: int
    """Seconds that the push service keeps it for a browser that is away."""
    urgency: str
    topic: str
    """It takes the place of one with the same that waits there."""


@dataclass(frozen=True)
class Browser:
    """Where a subscription is, and its keys in base64 for URLs."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    retry_after: float = 0.0
    """Seconds, where the service says when."""


def send(browser: Browser, push: Push, until: float) -> Answer:
    """Push it, now. Blocks until then at most, by ``time.monotonic``.

    What goes wrong is an answer, and logged without the endpoint's path.
    """
    if monotonic() >= until:
        return Answer(Outcome.LATER)
    try:
        place = place_of(browser.endpoint)
    except BadEndpoint as error:
        logger.warning("A push is not sent: %s", error)
        return Answer(Outcome.REFUSED)
    except OSError as error:
        logger.info("A push service cannot be found: %s", error)
        return Answer(_failed(error))
    try:
        body = _encrypted(browser, push.data)
    except Exception as error:  # Whatever the keys of a stranger make of the library.
        logger.warning("A push cannot be encrypted for its browser: %s: %s", type(error).__name__, error)
        return Answer(Outcome.GONE)
    headers = {
        "Authorization": authorization(browser.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(push.ttl),
        "Urgency": push.urgency,
    }
    if push.topic:
        headers["Topic"] = push.topic
    try:
        return _post(place, headers, body, until)
    except (OSError, HTTPException) as error:
        logger.info("The push service %s does not answer: %s: %s", place.host, type(error).__name__, error)
        return Answer(Outcome.SILENT if monotonic() >= until else _failed(error))


def _failed(error: Exception) -> Outcome:
    return Outcome.SILENT if isinstance(error, TimeoutError) else Outcome.LATER


def _encrypted(browser: Browser, data: bytes) -> bytes:
    from pywebpush import WebPusher

    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    body: bytes = WebPusher({"endpoint": browser.endpoint, "keys": keys}).encode(data)["body"]
    return body


def _post(place: Place, headers: dict[str, str], body: bytes, until: float) -> Answer:
    """Raises OSError, HTTPException."""
    left = max(0.01, until - monotonic())
    connection = _Connection(place, min(STEP_SECONDS, left))
    whole = Timer(left, connection.cut)
    whole.daemon = True
    whole.start()
    try:
        connection.request("POST", place.path, body, headers)
        return _judged(place, connection.getresponse())
    finally:
        whole.cancel()
        connection.close()


def _judged(place: Place, response: HTTPResponse) -> Answer:
    if 200 <= response.status < 300:
        return Answer(Outcome.SENT)
    if response.status in (404, 410):
        return Answer(Outcome.GONE)
    if response.status == 429 or response.status >= 500:
        return Answer(Outcome.LATER, _seconds(response.headers.get("Retry-After", "")))
    # Not followed: who answers 302 says where to, and that may be anywhere.
    logger.warning("The push service %s has answered %d.", place.host, response.status)
    return Answer(Outcome.REFUSED)


def _seconds(retry_after: str) -> float:
    """What ``Retry-After`` says, as seconds or as a date; 0 for what can't be read."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after[:9]), LONGEST_RETRY)
    try:
        return max(0.0, min(parsedate_to_datetime(retry_after).timestamp() - time(), LONGEST_RETRY))
    except (ValueError, TypeError, OverflowError):
        return 0.0


class _Connection(HTTPConnection):
    """To the very address that was checked, by the name that the certificate must have."""

    def __init__(self, place: Place, step: float) -> None:
        super().__init__(place.host, place.port, timeout=step)
        self._place, self._step = place, step
        self.sock: Any = None

    def connect(self) -> None:
        self.sock = socket.create_connection((self._place.address, self.port), self._step)
        if self._place.tls:
            # Its handshake is cut off too, so it comes after the assignment.
            self.sock = _tls().wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def cut(self) -> None:
        """Break it off, from another thread."""
        if (sock := self.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
