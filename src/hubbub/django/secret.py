"""What nobody may guess: the secret key, of a first local start too, and tokens that stand in the settings."""

import os
import secrets
from pathlib import Path

LEAST_KEY = 50
"""Characters of a secret key, as Django's own check has it (``security.W009``)."""
LEAST_DIFFERENT = 5
"""Different characters of one, likewise."""


def is_weak(secret: str, least: int = LEAST_KEY) -> bool:
    """Whether a secret is short, hardly varies, or stands in a template that everybody has."""
    return len(secret) < least or len(set(secret)) < LEAST_DIFFERENT or secret.startswith("django-insecure-")


def local_secret(data_dir: Path) -> str:
    """The key kept in the data directory, made on the first start; only its owner can read it."""
    path = data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key
