"""A Django project as the tutorials have it, with a database that keeps what it was told, as hubbub's does.

From the environment: DATABASE_URL (``sqlite:///...`` or ``postgresql://...``), REDIS_URL (the stock in-memory layer
where it is empty), KEEP_CONNECTIONS (seconds; Django's own default is 0), WITH_STREAM (``1``: a stream row beside each
message, in one transaction).
"""

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SECRET_KEY = "only for measuring, on this machine"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "usual_chat"]
ROOT_URLCONF = "usual_chat.asgi"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Nobody signs in with a password here.

WITH_STREAM = os.environ.get("WITH_STREAM") == "1"


def database(url: str) -> dict[str, Any]:
    found = urlsplit(url)
    if found.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": found.path,
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(found.path.strip("/")),
        "USER": unquote(found.username or ""),
        "HOST": parse_qs(found.query)["host"][0],
    }


DATABASES = {
    "default": database(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": int(os.environ.get("KEEP_CONNECTIONS", "0"))}
}
if os.environ.get("REDIS_URL"):
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [os.environ["REDIS_URL"]]}}
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
