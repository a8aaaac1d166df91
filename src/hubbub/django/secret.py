"""What nobody may guess: the secret key, of a first local start too, and tokens that stand in the settings."""

import os
import secrets
from contextlib import suppress
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
    with suppress(FileExistsError):
        keep_secret(path, secrets.token_urlsafe(50))
    return kept_secret(path)


def kept_secret(path: Path) -> str:
    """A secret that is kept in a file; empty where there is none."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def keep_secret(path: Path, secret: str, *, again: bool = False) -> None:
    """Keep a secret in a file that only its owner can read.

    Raises FileExistsError where there is one, unless ``again`` says to replace it.
    """
    target = path.with_name(f"{path.name}.{os.getpid()}") if again else path
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    if again:
        target.replace(path)
