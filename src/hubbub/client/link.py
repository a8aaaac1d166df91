"""Keeps a client connected: one connection after the other, with the right wait between (rule CLO-1)."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import msgspec

from hubbub.client.backoff import Backoff
from hubbub.client.connection import Connection, encode_data
from hubbub.client.credentials import Credentials
from hubbub.client.errors import CannotConnect, Disconnected, Ended, NotAllowed, SignedOut
from hubbub.client.frames import ServerFrame
from hubbub.client.opening import Address, Refused, Unreachable
from hubbub.protocol.close import Close

logger = logging.getLogger("hubbub.client")

Status = Literal["connecting", "online", "offline", "restarting", "signed_out", "not_allowed", "closed"]
"""How the client stands to the server.

- ``connecting``: on the way, for the first time or at once after a loss.
- ``online``: the session is ready.
- ``offline``: no connection; it is tried again and again.
- ``restarting``: the server said that it restarts; it is tried again.
- ``signed_out``: the server doesn't know who this is, and there is no fresh token. This is the end.
- ``not_allowed``: one may not connect here. This is the end.
- ``closed``: before the first attempt, after the last, and where the server is none or says goodbye for good.
"""

STABLE_SECONDS = 10.0
"""A connection that has lasted this long counts as a good one: the next wait is a short one again."""
REFUSALS = 3
"""Fresh tokens that the server refuses in a row before it is taken at its word."""
RESTART_ATTEMPTS = 6
"""Failed attempts after which a restart is no longer the likely reason."""

_MARGIN = 60.0
_RETRY = 10.0


class Link:
    """Connects, obeys close codes, gets tokens. ``run`` goes on until it is cancelled or there is no way on."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        backoff: Backoff,
        *,
        on_status: Callable[[Status], None],
        on_ready: Callable[[Connection], None],
        on_frame: Callable[[ServerFrame], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.status: Status = "closed"
        self.connection: Connection | None = None
        """The present one, once it is ready."""
        self._address = address
        self._credentials = credentials
        self._backoff = backoff
        self._on_status = on_status
        self._on_ready = on_ready
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._attempt = 0
        self._refusals = 0
        self._was_online = False
        self._hurry = asyncio.Event()

    def retry_now(self) -> None:
        """Connect now rather than at the end of the wait."""
        self._hurry.set()

    async def run(self) -> Ended:
        """Stay connected; returns why that can't go on."""
        self._set_status("connecting")
        try:
            while True:
                await self._once()
        except Ended as error:
            logger.error("%s", error)
            code = error.code
            self._set_status("signed_out" if code == "signed_out" else code if code == "not_allowed" else "closed")  # type: ignore[arg-type]
            return error
        except BaseException:
            self._set_status("closed")
            raise

    async def _once(self) -> None:
        """Connect, serve, and wait as long as what happened asks for. Raises Ended where there is no way on."""
        try:
            connection = await self._open()
        except Refused as refused:
            await self._obey(refused.code, was_ready=False)
        except Unreachable as error:
            await self._wait("offline", str(error))
        except CannotConnect as error:
            if not self._was_online:
                raise
            # It was a hubbub once: a proxy may say anything while that is replaced.
            await self._wait("offline", str(error))
        else:
            await self._obey(await self._serve(connection), was_ready=True)

    async def _open(self) -> Connection:
        value = None
        if self._credentials.used:
            try:
                async with asyncio.timeout(self._address.connect_timeout):
                    value = await self._credentials.get(fresh=self._refusals > 0)
            except Exception as error:
                # Only "nobody is signed in" signs out: where tokens come from may be away for a while.
                logger.warning("No token could be got for now.", exc_info=error)
                raise Unreachable(f"no token could be got: {error!r}") from error
            if value is None:
                raise SignedOut
        return await self._address.open(*self._credentials.on_the_wire(value))

    async def _serve(self, connection: Connection) -> int:
        loop = asyncio.get_running_loop()
        ready_at = loop.time()
        self._refusals = 0
        self._was_online = True
        self.connection = connection
        try:
            self._on_ready(connection)
            self._set_status("online")
            async with asyncio.TaskGroup() as tasks:
                refresher = tasks.create_task(self._refresh(connection))
                try:
                    return await connection.run(self._on_frame)
                finally:
                    refresher.cancel()
        finally:
            self.connection = None
            self._on_lost()
            if loop.time() - ready_at >= STABLE_SECONDS:
                self._attempt = 0
            await connection.close()

    async def _refresh(self, connection: Connection) -> None:
        """Replace the session's token before it expires, so that the session goes on (rule AUT-3)."""
        expires = self._credentials.expires
        if expires is None or not self._credentials.renewable:
            return
        # The token's clock is the server's, so its time left is counted from the server's time.
        left = expires - connection.ready.time.timestamp()
        while True:
            await asyncio.sleep(max(left - _MARGIN, left / 2, 1.0))
            try:
                token = await self._credentials.get(fresh=True)
                if token is None:
                    return  # The server's 4001 will have the last word.
                reply = await connection.request("auth.refresh", data=encode_data({"token": token}))
                found = msgspec.json.decode(reply, type=_Refreshed).expires_in
                if found is None:
                    return
                left = found
            except Disconnected:
                return
            except Exception as error:
                logger.warning("The token could not be replaced for now.", exc_info=error)
                left = 2 * _RETRY

    async def _obey(self, code: int, was_ready: bool) -> None:
        try:
            close = Close(code)
        except ValueError:
            close = None  # Nobody knows it, and most of those are of a network: come back.
        match close:
            case Close.NOT_AUTHENTICATED:
                await self._refused()
            case Close.NOT_ALLOWED:
                raise NotAllowed
            case Close.RESTART:
                await self._wait("restarting", "the server restarts")
            case Close() if not close.reconnect:
                raise Ended(f"The server closed the connection for good ({code} {close.name.lower()}).")
            case _:
                await self._wait("connecting" if was_ready else "offline", f"the connection ended ({code})")

    async def _refused(self) -> None:
        self._refusals += 1
        if not self._credentials.renewable or self._refusals > REFUSALS:
            raise SignedOut
        # The first fresh token at once, so that an expired one is hardly noticed.
        if self._refusals > 1:
            await self._wait("offline", "a fresh token was refused")
        else:
            self._set_status("connecting")

    async def _wait(self, status: Status, why: str) -> None:
        restarting = self.status == "restarting" and self._attempt < RESTART_ATTEMPTS
        seconds = self._backoff.wait(self._attempt)
        self._attempt += 1
        logger.info("%s; trying again in %.1f s", why, seconds)
        self._set_status("restarting" if restarting else status)
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    def _set_status(self, status: Status) -> None:
        if self.status != status:
            self.status = status
            self._on_status(status)


class _Refreshed(msgspec.Struct):
    expires_in: float | None
