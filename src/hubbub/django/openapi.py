"""The OpenAPI document of the features' REST views: from their wire types, said once, by ``@describes``.

Structs and DRF serializers may both be named. What every route may answer besides, errors with their codes, is
added here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.settings import patched_settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, PermissionDenied, UnsupportedMediaType
from rest_framework.permissions import SAFE_METHODS
from rest_framework_simplejwt.exceptions import InvalidToken

from hubbub.django.apps import load_examples
from hubbub.django.parsers import BodyTooLong
from hubbub.django.permissions import Anybody
from hubbub.django.spectacular import DOCUMENT
from hubbub.protocol.describe import paragraph, structs_of
from hubbub.protocol.errors import BadData, BadJson, Busy, ErrorBody, Forbidden, HubbubError, NotAuthenticated
from hubbub.protocol.registry import registry
from hubbub.protocol.schema import struct_schemas

F = TypeVar("F", bound=Callable[..., Any])
ErrorType = type[HubbubError] | type[APIException]

_DESCRIBED = "_hubbub_described"


class Undescribed(Exception):
    """A route is not described, or wrongly: what drf-spectacular has against it, a line each."""


@dataclass(frozen=True)
class _Described:
    summary: str
    body: Any
    answers: Mapping[int, Any]
    query: Sequence[OpenApiParameter]
    errors: Sequence[ErrorType]


def describes(
    summary: str,
    *,
    body: Any = None,
    returns: Any = None,
    status: int = 200,
    also: Mapping[int, Any] | None = None,
    query: Sequence[OpenApiParameter] = (),
    errors: Sequence[ErrorType] = (),
) -> Callable[[F], F]:
    """Describe one method of a ``FeatureView``.

    ``body`` and ``returns`` are a msgspec struct or a serializer class, ``returns`` also a ``list`` of one, or a
    JSON Schema; without it the answer is empty. ``also``: other statuses of success, with what they return.
    ``errors`` are those that only this route has: what a body, a sign-in and a cookie may lead to is known.
    """

    def decorate(method: F) -> F:
        setattr(method, _DESCRIBED, _Described(summary, body, {status: returns, **(also or {})}, query, errors))
        return method

    return decorate


class FeatureSchema(AutoSchema):
    """How drf-spectacular reads a ``FeatureView``; methods that are not described are read as usual."""

    @property
    def _described(self) -> _Described | None:
        return getattr(getattr(self.view, self.method.lower()), _DESCRIBED, None)

    def get_operation_id(self) -> str:
        return f"{self.get_tags()[0]}_{type(self.view).__name__}_{self.method}".lower()

    def get_tags(self) -> list[str]:
        return [type(self.view).__module__.rsplit(".", 2)[-2]]

    def get_summary(self) -> str | None:
        return self._described.summary if self._described else super().get_summary()

    def get_description(self) -> str:  # type: ignore[override]
        # The views' own texts are for their readers in Python.
        return "" if self._described else super().get_description()

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *(self._described.query if self._described else ())]

    def get_request_serializer(self) -> Any:
        return self._described.body if self._described else super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        # drf-spectacular lets DELETE have none; OpenAPI 3.1 and this API do.
        described = self._described
        if self.method != "DELETE" or described is None or described.body is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        schema, required = self._get_request_for_media_type(described.body, direction)  # type: ignore[no-untyped-call]
        return {"content": {"application/json": {"schema": schema}}, "required": required}

    def get_auth(self) -> list[Any]:
        found = super().get_auth()
        # Some routes are for guests as well.
        everybody = any(isinstance(each, Anybody) for each in self.view.get_permissions())
        return [*found, {}] if found and everybody else found

    def get_response_serializers(self) -> Any:
        described = self._described
        if described is None:
            return super().get_response_serializers()
        answers: dict[int, Any] = {
            status: OpenApiResponse(self._shape(returns), HTTPStatus(status).phrase)
            for status, returns in described.answers.items()
        }
        for status, codes in sorted(_by_status(self._errors(described)).items()):
            answers[status] = OpenApiResponse(ErrorBody, "; ".join(codes))
        return answers

    def _shape(self, returns: Any) -> Any:
        """What ``returns`` stands for: itself, but for ``list[…]``."""
        if get_origin(returns) is not list:
            return returns
        component = self.resolve_serializer(get_args(returns)[0], "response")
        return {"type": "array", "items": component.ref}

    def _errors(self, described: _Described) -> Iterable[ErrorType]:
        """Everything that may go wrong, the route's own first."""
        yield from described.errors
        authenticators = self.view.get_authenticators()
        if described.body is not None:
            yield from (BadJson, BadData, BodyTooLong, UnsupportedMediaType)
        elif described.query:
            yield BadData
        if authenticators:
            yield from (NotAuthenticated, InvalidToken)
        by_cookie = any(isinstance(each, SessionAuthentication) for each in authenticators)
        if by_cookie and self.method not in SAFE_METHODS:
            yield PermissionDenied
        yield Busy


def _by_status(errors: Iterable[ErrorType]) -> dict[int, list[str]]:
    """What is said of each status: the codes, with their messages."""
    found: dict[int, dict[str, None]] = {}
    for error in errors:
        if issubclass(error, HubbubError):
            # Over REST nobody learns what exists (rule ACC-1).
            status = 404 if issubclass(error, Forbidden) else error.status
            code, text = error.code, paragraph(error.__doc__ or "")
        else:
            status, code, text = error.status_code, str(error.default_code), paragraph(str(error.default_detail))
        found.setdefault(status, {})[f"`{code}`: {text}" if "{" not in text else f"`{code}`"] = None
    return {status: list(lines) for status, lines in found.items()}


class StructExtension(OpenApiSerializerExtension):
    """Lets msgspec structs stand wherever drf-spectacular takes a serializer."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, *args: Any, **kwargs: Any) -> str:
        name: str = self.target.__name__
        return name

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        load_examples()
        _, components = struct_schemas([self.target], "#/components/schemas/{name}", registry.examples)
        nested = {each.__name__: each for each in structs_of([self.target])}
        for name in components.keys() - {self.get_name()}:
            known = ResolvedComponent(name, ResolvedComponent.SCHEMA, components[name], object=nested[name])
            auto_schema.registry.register_on_missing(known)
        return components[self.get_name()]


def openapi_document() -> dict[str, Any]:
    """The document of all installed features' routes. Raises Undescribed."""
    from hubbub.django.features import feature_urls

    with patched_settings(DOCUMENT), GENERATOR_STATS.silence():
        document: dict[str, Any] = SchemaGenerator(patterns=feature_urls()).get_schema(public=True)
        if GENERATOR_STATS:
            raise Undescribed("\n".join([*GENERATOR_STATS._error_cache, *GENERATOR_STATS._warn_cache]))
    return document
