"""The OpenAPI document: complete, sound, and what the server really does (rules ERR-1 and ERR-3)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import Resolver404, resolve
from drf_spectacular.validation import validate_schema
from rest_framework.views import APIView

from hubbub.chat.messages import Person
from hubbub.django import openapi
from hubbub.django.openapi import Undescribed, openapi_document
from hubbub.django.rest import FeatureView
from tests.access.test_rest import routes

ROOT = Path(__file__).parent.parent
DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs/reference/openapi.json").read_text())
OPERATIONS = [(path, method, each) for path, item in DOCUMENT["paths"].items() for method, each in item.items()]


def test_every_route_is_in_it():
    served = {f"/{route}" for route in routes() if route.startswith("api/")} - {"/api/schema/", "/api/docs/"}
    assert set(DOCUMENT["paths"]) == served


def test_it_is_openapi_and_every_reference_resolves():
    validate_schema(DOCUMENT)
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)):
        assert name in DOCUMENT["components"]["schemas"], name


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_what_may_go_wrong(path: str, method: str, operation: Any):
    """ERR-3"""
    assert operation["summary"].endswith(".")
    answers = operation["responses"]
    assert any(status.startswith("2") for status in answers)
    for status in (status for status in answers if status >= "400"):
        assert answers[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
        assert re.match(r"`[a-z_]+`", answers[status]["description"]), (status, answers[status])
    if "requestBody" in operation:
        assert {"400", "413", "415"} <= set(answers)
    if "security" in operation:
        assert "401" in answers
        guests: list[Any] = [{}] if path.startswith("/api/rooms/") else []
        assert operation["security"] == [{"bearer": []}, {"cookieAuth": []}, *guests]


def test_a_route_without_a_description_is_refused(monkeypatch: pytest.MonkeyPatch):
    """One who adds a route learns which and what to do."""
    from django.urls import path

    class Forgotten(FeatureView):
        def get(self, request: Any) -> Any: ...

    class Described(FeatureView):
        @openapi.describes("Look.", returns=list[Person])
        def get(self, request: Any) -> Any: ...

    def patterns(view: type[APIView]) -> Any:
        return lambda: [path("api/x/", view.as_view())]

    monkeypatch.setattr("hubbub.django.features.feature_urls", patterns(Forgotten))
    with pytest.raises(Undescribed, match="Forgotten"):
        openapi_document()
    monkeypatch.setattr("hubbub.django.features.feature_urls", patterns(Described))
    document = openapi_document()
    assert document["paths"]["/api/x/"]["get"]["summary"] == "Look."
    answer = document["paths"]["/api/x/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}
    assert "username" in document["components"]["schemas"]["Person"]["properties"]


LOOK = """
from django.urls import get_resolver, reverse
print(reverse("hubbub_chat:rooms"), bool(get_resolver().namespace_dict["hubbub_openapi"][1].url_patterns))
"""


def test_a_project_says_itself_who_sees_its_schema():
    """It is of the whole project: `hubbub.urls`, included somewhere, must not show it to everybody."""
    assert apps.is_installed("drf_spectacular")
    assert resolve("/api/auth/me/", "hubbub.urls")
    for path in ("/api/schema/", "/api/docs/"):
        assert resolve(path, "hubbub.django.urls")
        with pytest.raises(Resolver404):
            resolve(path, "hubbub.urls")


def test_a_project_without_spectacular_has_all_but_the_page():
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.without_spectacular", "PYTHONPATH": str(ROOT)}
    for args, told in ((("schema", "--check"), ""), (("shell", "-c", LOOK), "/api/rooms/ False")):
        command = [sys.executable, "-m", "hubbub", *args]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and told in done.stdout, done.stdout + done.stderr


@pytest.mark.django_db
def test_the_served_schema_has_the_same_routes_and_the_page_no_inline_script(django_user_model: Any):
    client = Client()
    assert client.get("/api/schema/").status_code == 401
    refused = client.get("/api/docs/")
    assert refused.status_code == 401 and b"Sign in first" in refused.content
    client.force_login(django_user_model.objects.create_user("ada"))
    served = client.get("/api/schema/").json()
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    assert served["components"]["schemas"] == DOCUMENT["components"]["schemas"]
    page = client.get("/api/docs/").content.decode()
    assert "<style" not in page and not re.findall(r"<script(?![^>]*src=)", page)
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript") and b"SwaggerUIBundle(" in script.content
