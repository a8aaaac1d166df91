"""Messages as bytes: msgpack, encrypted where there are keys. Nothing is pickled."""

import base64
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from channels.exceptions import MessageTooLarge
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Unreadable(Exception):
    """What came is no message: of another layer, or encrypted with a key that is not ours."""


class Codec:
    """Packs with the first key and reads with any, so that keys can be changed without an outage.

    Args:
        keys: texts or bytes; none for messages in clear.
        max_bytes: what a packed message may have.

    Raises ImproperlyConfigured for a single text, and where the package cryptography is missing.
    """

    def __init__(self, keys: Iterable[str | bytes] | None, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._fernet = _fernet(keys)

    def pack(self, message: dict[str, Any]) -> bytes:
        """A message as bytes. Raises MessageTooLarge, and TypeError for what msgpack cannot carry."""
        packed = _encode(message)
        if self._fernet is not None:
            packed = self._fernet.encrypt(packed)
        if len(packed) > self._max_bytes:
            raise MessageTooLarge(
                f"A message of {len(packed):,} bytes is over this layer's limit of {self._max_bytes:,}. Send where "
                "to find it, or raise max_message_bytes."
            )
        return packed

    def reveal(self, data: bytes) -> bytes:
        """What was packed, in clear: once for all who receive it. Raises Unreadable."""
        if self._fernet is None:
            return data
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(data)
        except InvalidToken:
            raise Unreadable("it is encrypted with another key, or not at all") from None

    def unpack(self, revealed: bytes) -> dict[str, Any]:
        """A message of one's own. Raises Unreadable."""
        try:
            message: dict[str, Any] = _decode(revealed)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from None
        return message


def _fernet(keys: Iterable[str | bytes] | None) -> "MultiFernet | None":
    if not keys:
        return None
    if isinstance(keys, str | bytes):
        raise ImproperlyConfigured("symmetric_encryption_keys is a list, even of one key.")
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError as error:
        raise ImproperlyConfigured(
            "symmetric_encryption_keys needs the package cryptography. Install it: pip install 'hubbub[encryption]'"
        ) from error
    secrets = [key.encode() if isinstance(key, str) else key for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(each).digest())) for each in secrets])
