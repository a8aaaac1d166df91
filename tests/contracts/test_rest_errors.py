"""What a REST view says of a database that does not answer (rules ERR-1 and ERR-3)."""

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from hubbub.django.actions import action
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import Conflict
from tests.contracts.databases import Database
from tests.contracts.writers import committed, put


@action
def put_and_fail(actor: Actor, error: Exception) -> None:
    put("inside")
    raise error


class Failing(APIView):
    """Writes a row of its own, then runs an action that fails."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    error: Any = None

    def post(self, request: Request) -> Response:
        put("outside")
        put_and_fail(SYSTEM, self.error)
        return Response()


@pytest.mark.parametrize("atomic_requests", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("the lock is held"), 503, "busy"),
        (InterfaceError("the connection is closed"), 503, "busy"),
        (Conflict(), 409, "conflict"),
    ],
)
def test_an_error_inside_a_view_s_transaction(
    sqlite_database: Database, error: Exception, status: int, code: str, atomic_requests: bool
) -> None:
    """ERR-1, ERR-3: ``busy``, and under ATOMIC_REQUESTS nothing of the view is kept either."""
    request, view = APIRequestFactory().post("/"), Failing.as_view(error=error)
    connection.settings_dict["ATOMIC_REQUESTS"] = atomic_requests
    if atomic_requests:
        with transaction.atomic():
            response = view(request)
    else:
        response = view(request)
    assert (response.status_code, response.data["code"]) == (status, code)
    assert response.data["temporary"] == (status == 503)
    assert committed(sqlite_database) == ([] if atomic_requests else ["outside"])
