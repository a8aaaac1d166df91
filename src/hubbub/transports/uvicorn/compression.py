"""Shared compression (RFC 7692, decision 0019): an event is compressed once, whoever gets it.

Compression with context takeover makes each connection's bytes depend on all that it was sent before: every event
compressed again for every client, and 94 KiB kept for each. Agreed without takeover, and with one window, the same
compressed frame is right for everybody, and an idle connection keeps nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from websockets.exceptions import NegotiationError, PayloadTooBig
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame
from websockets.typing import ExtensionParameter

from .frames import text_frame

WINDOW_BITS: Final = 12
"""Every client that compresses has it: 4 KiB hold nearly every event, and a browser takes any."""
LEAST: Final = 256
"""Bytes below which a message goes out as it is: there is little to save."""
_SHARED: Final = 16_384
"""Bytes up to which a compressed message is remembered; what is larger is most often one client's alone."""
_LEVEL: Final = 3
_MEMORY: Final = 5
_SETTINGS: Final = {"level": _LEVEL, "memLevel": _MEMORY}
_TEXT_RSV1: Final = 0xC1


class SharedDeflateFactory(ServerPerMessageDeflateFactory):
    """Agrees to compression where the frames can be shared, and to none where a client wants a smaller window."""

    def __init__(self) -> None:
        super().__init__(
            server_no_context_takeover=True,
            client_no_context_takeover=True,
            server_max_window_bits=WINDOW_BITS,
        )

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """Answer one offer. Raises NegotiationError for one that is declined."""
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_max_window_bits != WINDOW_BITS:
            raise NegotiationError(f"a window of less than {WINDOW_BITS} bits can't be shared")
        # 15: a decoder with the largest window reads whatever the client has chosen.
        return answer, _Deflate(True, True, 15, WINDOW_BITS, _SETTINGS)


class _Deflate(PerMessageDeflate):
    """What one connection unpacks with; what is sent by ASGI's ``send``, to it alone, is compressed here too."""

    def encode(self, frame: Frame) -> Frame:
        return super().encode(frame) if len(frame.data) >= LEAST else frame

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """Unpack a client's frame. Raises PayloadTooBig for more than ``max_size`` bytes."""
        frame = super().decode(frame, max_size=max_size)
        # To zlib a limit of 0, what is left after fragments of just the largest size, means none.
        if max_size is not None and len(frame.data) > max_size:
            raise PayloadTooBig(len(frame.data), max_size)
        return frame


def compressed_frame(text: bytes) -> bytes:
    """Encode one text frame for any client that has agreed to compression; plain where that is no larger.

    Args:
        text: the message, UTF-8, as for ``text_frame``.
    """
    if len(text) < LEAST:
        return text_frame(text)
    return _shared(text) if len(text) <= _SHARED else _compressed(text)


def _compressed(text: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, wbits=-WINDOW_BITS, memLevel=_MEMORY)
    # Section 7.2.1: the four bytes that end every flush are left out.
    packed = (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    return text_frame(packed, _TEXT_RSV1) if len(packed) < len(text) else text_frame(text)


# Readers who catch up ask one by one for what the others got together. 4 MiB at most.
_shared = lru_cache(maxsize=128)(_compressed)
