"""The key that pushes are signed with (VAPID, RFC 8292): a browser takes pushes by that key alone."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from urllib.parse import urlsplit

from hubbub.django.conf import hubbub_settings

TOKEN_SECONDS = 12 * 3600
"""How long a signature is good for; push services take a day at most."""
KEY_BYTES = 32


def new_key() -> str:
    """A private key: 32 bytes in base64 for URLs, without padding."""
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(secret.to_bytes(KEY_BYTES, "big"))


@lru_cache(maxsize=4)
def public_key(private: str) -> str:
    """What browsers subscribe with, in the same form. Raises ValueError for what is no private key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    raw = decoded(private)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"it has {len(raw)} bytes, and a key has {KEY_BYTES}")
    key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1()).public_key()
    return encoded(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def own_public_key() -> str:
    """The public key of the settings; empty where they have none."""
    private = hubbub_settings().vapid_private_key
    return public_key(private) if private else ""


def authorization(endpoint: str) -> str:
    """The header by which a push service knows who pushes, for the one that ``endpoint`` is of."""
    from py_vapid import Vapid02

    ours, where = hubbub_settings(), urlsplit(endpoint)
    claims = {
        "aud": f"{where.scheme}://{where.netloc}",
        "exp": int(time.time()) + TOKEN_SECONDS,
        "sub": ours.vapid_subject,
    }
    header: str = Vapid02.from_string(ours.vapid_private_key).sign(claims)["Authorization"]
    return header


def encoded(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The bytes of that. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
