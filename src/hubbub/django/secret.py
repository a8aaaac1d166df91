"""The secret key of a first local start."""

import os
import secrets
from pathlib import Path


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
