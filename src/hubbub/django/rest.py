"""What the features' REST views share: errors, pages, the actor (rule ERR-3)."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from django.http import Http404
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, set_rollback
from rest_framework.views import exception_handler as drf_exception_handler

from hubbub.django.auth import actor_of_request, rest_authentications
from hubbub.django.openapi import FeatureSchema
from hubbub.django.parsers import StrictJSONParser
from hubbub.django.permissions import Anybody as Anybody
from hubbub.django.transactions import as_busy
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.errors import Absent, BadData, Forbidden, HubbubError

S = TypeVar("S", bound=msgspec.Struct)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """A HubbubError as its body under its status; DRF's own errors with a code and a message beside theirs.

    Forbidden is 404 like Absent: nobody learns what exists (rule ACC-1). A database that does not answer is
    ``busy``. Under ATOMIC_REQUESTS the request is rolled back, as by DRF's own handler.
    """
    found = as_busy(error)
    if isinstance(found, Forbidden):
        found = Absent()
    if isinstance(found, HubbubError):
        set_rollback()
        headers = {"Retry-After": str(max(1, round(found.retry_after)))} if found.retry_after else None
        return Response(found.body(), status=found.status, headers=headers)
    response = drf_exception_handler(error, context)
    if response is not None:
        response.data = _body(error, response.data)
    return response


def _body(error: Exception, data: Any) -> dict[str, Any]:
    fields = data if isinstance(data, dict) else {"detail": data}
    code = "forbidden" if isinstance(error, Http404) else "bad_data"
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else "bad_data"
    detail = fields.get("detail")
    message = str(detail) if detail else "; ".join(_lines(fields))
    temporary = isinstance(error, exceptions.Throttled)
    return {**fields, "code": code, "message": message, "temporary": temporary}


def _lines(fields: dict[str, Any]) -> list[str]:
    return [f"{name}: {' '.join(map(str, text)) if isinstance(text, list) else text}" for name, text in fields.items()]


def reply(data: msgspec.Struct | list[Any] | dict[str, Any], status: int = 200) -> Response:
    """A response of wire types, exactly as they stand in a frame."""
    return Response(msgspec.to_builtins(data), status=status)


def actor(request: Request) -> Actor:
    """Who asks. Raises NotAuthenticated for nobody."""
    return actor_of_request(request)


def optional_actor(request: Request) -> Actor:
    """Who asks, or a guest."""
    signed_in = request.user is not None and request.user.is_authenticated
    return actor_of_request(request) if signed_in else guest("rest")


def body(request: Request, type: type[S]) -> S:
    """The request's JSON body as a struct; unknown fields are ignored. Raises BadData."""
    try:
        # Python reads half a surrogate pair out of JSON, and no database takes it.
        json.dumps(request.data, ensure_ascii=False, default=str).encode()
        return msgspec.convert(request.data, type)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise BadData(f"The body does not fit: {error}") from None


class FeatureView(APIView):
    """A feature's view: JSON in and out, errors by rule ERR-3, whatever the project's own defaults are.

    Who asks is known by what the project itself says in DEFAULT_AUTHENTICATION_CLASSES, and by what features
    register.

    ``@describes`` (``hubbub.django.openapi``) says of each method what the API's schema tells of it.
    """

    schema = FeatureSchema()
    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    renderer_classes: Sequence[type[BaseRenderer]] = (JSONRenderer,)
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    versioning_class = None

    authentication_classes: Sequence[type[BaseAuthentication]] | None = None  # type: ignore[assignment]

    def get_authenticators(self) -> list[BaseAuthentication]:
        if self.authentication_classes is not None:
            return super().get_authenticators()
        # Not DRF's default: passwords in a header would go by the limits of signing in.
        projects = api_settings.user_settings.get("DEFAULT_AUTHENTICATION_CLASSES") and (
            api_settings.DEFAULT_AUTHENTICATION_CLASSES
        )
        return [kind() for kind in dict.fromkeys([*(projects or ()), *rest_authentications, SessionAuthentication])]

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return exception_handler
