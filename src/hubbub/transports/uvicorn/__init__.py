"""uvicorn, hardened: the protocol classes and the server that ``hubbub serve`` runs."""

from __future__ import annotations

from .frames import EXTENSION, FrameWriter, text_frame
from .http import HubbubHTTPProtocol
from .server import HubbubServer, make_config
from .websocket import HubbubWebSocketProtocol

__all__ = [
    "EXTENSION",
    "FrameWriter",
    "HubbubHTTPProtocol",
    "HubbubServer",
    "HubbubWebSocketProtocol",
    "make_config",
    "text_frame",
]
