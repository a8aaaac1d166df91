"""What the project's settings say to the server, whichever command starts it, and how its process begins and ends."""

import asyncio
import os
import signal
import socket
from types import FrameType
from typing import Any

from django.conf import settings

from hubbub.django import runtime
from hubbub.django.background import Background
from hubbub.django.conf import hubbub_settings
from hubbub.engine.engine import STOP_SECONDS
from hubbub.transports.listening import Listening, tell_manager
from hubbub.transports.uvicorn.server import HubbubConfig, HubbubServer, make_config

REQUEST_SECONDS = 8
"""How long a request that runs when the server stops may take, once the sockets are drained."""
TASK_STOP_SECONDS = 5
"""How long a task that runs when the server stops may take, after all else."""
NOW_SECONDS = 2
"""How long stopping may take where it is asked for twice."""


def server_config(application: Any, host: str = "127.0.0.1", port: int = 8000, **more: Any) -> HubbubConfig:
    """The configuration of one server process; ``more`` goes to ``make_config``."""
    ours = hubbub_settings()
    return make_config(
        application,
        host,
        port,
        trusted_proxies=getattr(settings, "HUBBUB_TRUSTED_PROXIES", ()),
        max_body=getattr(settings, "HUBBUB_MAX_BODY_BYTES", None),
        compression=ours.compression,
        handshakes=ours.handshakes,
        drain_timeout=ours.drain_seconds + STOP_SECONDS,
        graceful_timeout=REQUEST_SECONDS,
        **more,
    )


def longest_stop() -> float:
    """Seconds within which a process of ``serve`` ends after the signal, whatever hangs."""
    return hubbub_settings().drain_seconds + STOP_SECONDS + REQUEST_SECONDS + TASK_STOP_SECONDS + NOW_SECONDS


class Server(HubbubServer):
    """The server of a process of its own: it empties the engine before it stops, and ends within a bound."""

    def __init__(self, config: HubbubConfig, listening: Listening, background: Background | None = None) -> None:
        super().__init__(config)
        self._listening = listening
        self._background = background
        self.hands_over = listening.lent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve and to work in the background, and say so to whoever waits for it."""
        await super().startup(sockets)
        if self.started:
            self.serves()
            if self._background:
                self._background.start()

    def serves(self) -> None:
        """Hook: the process serves from now on."""
        tell_manager(os.environ)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order. A task that runs then may go on until the end."""
        if self._background:
            self._background.stop()
        await super().shutdown(sockets)
        if self._background:
            await asyncio.to_thread(self._background.end, TASK_STOP_SECONDS)

    async def drain(self) -> None:
        """Close the sessions a few at a time."""
        await runtime.drain()

    def stop_listening(self, sockets: list[socket.socket] | None) -> None:
        """Close the sockets, and leave no file behind."""
        self._listening.remove()
        super().stop_listening(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; from now on the process has so many seconds."""
        super().handle_exit(sig, frame)
        end_within(NOW_SECONDS if self.force_exit else longest_stop())


def end_within(seconds: float) -> None:
    """Have the kernel end this process when that time is over: no thread that hangs can hold it up."""
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
