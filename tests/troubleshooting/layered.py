"""The server's own settings with a channel layer over a Redis that LAYER_PORT names."""

import os
from typing import Any

from hubbub.django.settings import *  # noqa: F403

_REDIS: dict[str, Any] = {
    "BACKEND": "tests.troubleshooting.layer.RedisLayer",
    "CONFIG": {"hosts": [f"redis://:secret@127.0.0.1:{os.environ['LAYER_PORT']}/0"]},
}
CHANNEL_LAYERS = {"default": _REDIS}
