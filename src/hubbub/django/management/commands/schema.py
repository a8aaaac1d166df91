"""``hubbub schema``: writes what is generated from the wire types, or says that it is out of date."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from hubbub import __version__
from hubbub.django.apps import load_examples
from hubbub.django.conf import DEFAULT_LIMITS
from hubbub.django.openapi import Undescribed, openapi_document
from hubbub.django.routes import routes_page
from hubbub.protocol.asyncapi import asyncapi_document
from hubbub.protocol.reference import reference_page
from hubbub.protocol.registry import registry
from hubbub.protocol.schema import json_schema
from hubbub.protocol.typescript import typescript


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


FORMATS: dict[str, tuple[Path, Callable[[], str]]] = {
    "json": (Path("docs/reference/schema.json"), lambda: _json(json_schema(registry))),
    "typescript": (Path("clients/typescript/src/generated.ts"), lambda: typescript(registry)),
    "openapi": (Path("docs/reference/openapi.json"), lambda: _json(openapi_document())),
    "routes": (Path("docs/reference/rest-routes.md"), lambda: routes_page(openapi_document())),
    "asyncapi": (Path("docs/reference/asyncapi.json"), lambda: _json(asyncapi_document(registry, __version__))),
    "markdown": (Path("docs/reference/protocol-messages.md"), lambda: reference_page(registry, DEFAULT_LIMITS)),
}
"""Where each document stands in the repository, and what writes it from all that the features have registered."""


class Command(BaseCommand):
    help = (
        "Prints a document of the wire types: JSON Schema, TypeScript, OpenAPI (REST), AsyncAPI (sockets) or Markdown. "
        "--write and --check are for the repository's own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", nargs="?", choices=sorted(FORMATS), default="json")
        parser.add_argument("--write", action="store_true", help="Write the generated files below this folder.")
        parser.add_argument("--check", action="store_true", help="Fail if the generated files are out of date.")

    def handle(self, *, format: str, write: bool, check: bool, **options: Any) -> None:
        load_examples()
        if not write and not check:
            self.stdout.write(_generate(format), ending="")
            return
        stale = []
        for name, (path, _) in FORMATS.items():
            text = _generate(name)
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            elif not path.exists() or path.read_text() != text:
                stale.append(str(path))
        if stale:
            raise CommandError(f"Out of date: {', '.join(stale)}. Run `hubbub schema --write`.")


def _generate(format: str) -> str:
    try:
        return FORMATS[format][1]()
    except Undescribed as error:
        raise CommandError(f"Some routes lack their @describes:\n{error}") from None
