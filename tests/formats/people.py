"""Accounts for tests, many at once: a new one for each test keeps limits and histories apart."""

from __future__ import annotations

import json

from tests.formats.client import Person
from tests.services import LiveServer

_SCRIPT = """
import json, sys
from datetime import timedelta
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

found = []
for name in json.loads(sys.stdin.read()):
    user = get_user_model()(username=name, first_name="First", last_name="Last")
    user.set_unusable_password()
    user.save()
    browser = Client()
    browser.force_login(user)
    late = AccessToken.for_user(user)
    late.set_exp(lifetime=-timedelta(minutes=1))
    found.append({
        "id": user.pk, "username": name, "cookie": browser.cookies["sessionid"].value,
        "token": str(AccessToken.for_user(user)), "refresh": str(RefreshToken.for_user(user)),
        "expired": str(late),
    })
print("\\n" + json.dumps(found))
"""


def make_people(server: LiveServer, names: list[str]) -> list[Person]:
    """Users of these names, in one go."""
    done = server.manage("shell", "-v0", "-c", _SCRIPT, stdin=json.dumps(names))
    return [Person(**fields) for fields in json.loads(done.stdout.splitlines()[-1])]
