"""Access tokens: short ones, and whose they are."""

import base64
import json
from typing import Any

from tests.services import LiveServer

_MAKE = """
from datetime import timedelta
from django.contrib.auth import get_user_model
from hubbub.accounts.actions import sign_in_with_access_token
from hubbub.engine.actor import SYSTEM
user = get_user_model().objects.get(username={name!r})
print("TOKEN" + str(sign_in_with_access_token(SYSTEM, user, timedelta(seconds={seconds}))) + "TOKEN")
"""


def short_token(server: LiveServer, name: str, seconds: int) -> str:
    """An access token that expires soon."""
    code = _MAKE.format(name=name, seconds=seconds)
    return server.manage("shell", "--no-imports", "-c", code).stdout.split("TOKEN")[1]


def user_id(token: str) -> str:
    """Whose token it is."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["user_id"])
