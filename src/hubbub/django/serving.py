"""What the project's settings say to the server, whichever command starts it."""

from typing import Any

import uvicorn
from django.conf import settings

from hubbub.django.conf import hubbub_settings
from hubbub.transports.uvicorn.server import make_config


def server_config(application: Any, host: str, port: int, **more: Any) -> uvicorn.Config:
    """The configuration of one server process; ``more`` goes to ``make_config``."""
    return make_config(
        application,
        host,
        port,
        trusted_proxies=getattr(settings, "HUBBUB_TRUSTED_PROXIES", ()),
        max_body=getattr(settings, "HUBBUB_MAX_BODY_BYTES", None),
        compression=hubbub_settings().compression,
        **more,
    )
