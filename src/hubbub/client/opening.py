"""Opens a connection, and says in plain words why it can't."""

import asyncio
import ssl as tls
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from hubbub.client.connection import Connection, close_code
from hubbub.client.errors import CannotConnect
from hubbub.client.frames import Ready, read_frame

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""What the server may send in one frame: a resume or a snapshot is one, and websockets' own 1 MiB may not do."""

_CLOSE_SECONDS = 2.0
_STARTING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that pass by themselves."""


class Refused(Exception):
    """The connection ended, before it was ready, with a close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Unreachable(Exception):
    """There is no connection for now; the message says why."""


@dataclass(frozen=True)
class Address:
    """Where and how to connect."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    proxy: str | Literal[True] | None = True
    ssl: tls.SSLContext | None = None
    connect_timeout: float = 10.0
    reply_timeout: float = 15.0

    def __post_init__(self) -> None:
        check_url(self.url)

    async def open(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Connection:
        """Connect and wait for ``ready``.

        Raises Refused, Unreachable, or CannotConnect where what answers is no hubbub or refuses the handshake.
        """
        url = self.url
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        socket: ClientConnection | None = None
        try:
            async with asyncio.timeout(self.connect_timeout):
                socket = await self._connect(url, {**self.headers, **headers})
                ready = await _read_ready(socket, self.url)
            return Connection(socket, ready, self.reply_timeout)
        except BaseException as error:
            if socket is not None:
                socket.transport.abort()
            if (explained := self._explained(error)) is error:
                raise
            raise explained from error

    async def _connect(self, url: str, headers: Mapping[str, str]) -> ClientConnection:
        secured: dict[str, Any] = {"ssl": self.ssl} if self.ssl is not None else {}
        return await _Connect(
            url,
            additional_headers=headers,
            user_agent_header="hubbub-python",
            # No proxy leads to this machine itself, whatever the environment says of others.
            proxy=None if _is_loopback(urlsplit(url).hostname or "") else self.proxy,
            compression=None,
            extensions=[ClientPerMessageDeflateFactory(True, True)],  # Nothing is kept from one message to the next.
            max_size=MAX_FRAME_BYTES,
            open_timeout=None,
            ping_interval=None,  # The protocol has its own (rule HRT-1).
            close_timeout=_CLOSE_SECONDS,
            **secured,
        )

    def _explained(self, error: BaseException) -> BaseException:
        match error:
            case ConnectionClosed():
                return Refused(close_code(error))
            case InvalidStatus():
                return _status_error(self.url, error, sent_origin="origin" in {name.lower() for name in self.headers})
            case tls.SSLCertVerificationError():
                return CannotConnect(f"The certificate of {self.url} is not trusted: {error.verify_message}.")
            case TimeoutError():
                return Unreachable(f"{self.url} did not answer within {self.connect_timeout:g} s.")
            case ConnectionRefusedError():
                return Unreachable(f"Nothing listens at {self.url}. Is the server running, and is the port right?")
            case ImportError():  # A SOCKS proxy takes a package of its own.
                return CannotConnect(f"The proxy for {self.url} can't be used: {error}.")
            case InvalidHandshake() if not isinstance(error.__cause__, (EOFError, OSError)):
                return CannotConnect(f"{self.url} is no WebSocket: {error}. Is it the server's address with /ws/?")
            case OSError() | WebSocketException():
                return Unreachable(f"{self.url} can't be reached: {error}.")
        return error


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc  # A token is not carried on to where somebody points.


def check_url(url: str) -> None:
    """Raises ValueError for what is no address of a WebSocket, with what to write instead."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is no address: {error}.") from None
    if parts.scheme in ("http", "https"):
        raise ValueError(f"{url!r} is a page's address. Write ws{url[4:]!s}, and mind the /ws/ at its end.")
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a WebSocket. Write wss://chat.example.org/ws/.")
    if parts.fragment:
        raise ValueError(f"{url!r} has a part after #, which an address of a WebSocket cannot have.")


async def _read_ready(socket: ClientConnection, url: str) -> Ready:
    first = await socket.recv()
    try:
        frame = read_frame(first)
        if frame.type == "ready":
            return msgspec.json.decode(frame.data, type=Ready)
    except msgspec.DecodeError:
        pass
    raise CannotConnect(
        f"{url} answers, but does not speak hubbub.v1: its first frame is not 'ready'. "
        "A hubbub server has that at /ws/; the addresses below it are for other formats."
    )


def _status_error(url: str, error: InvalidStatus, sent_origin: bool) -> Exception:
    status, headers = error.response.status_code, error.response.headers
    if status in _STARTING:
        return Unreachable(f"{url} answered {status}: the server, or a proxy before it, is not ready.")
    if status == 403:
        why = (
            "The Origin header that this client sends has to be listed in the server's ALLOWED_ORIGINS."
            if sent_origin
            else "Is the path right? It is /ws/. A server with DEBUG on lets in its own machine only. See its log."
        )
        return CannotConnect(f"{url} refused the handshake (403). {why}")
    if 300 <= status < 400:
        return CannotConnect(f"{url} redirects to {headers.get('Location', 'nowhere')}. Use that address.")
    if status == 404:
        return CannotConnect(f"There is no WebSocket at {url} (404). A hubbub server has it at /ws/, with the slash.")
    return CannotConnect(f"{url} answered {status} where a WebSocket was asked for: it is no hubbub server.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
