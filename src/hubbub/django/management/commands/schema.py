"""``hubbub schema``: writes what is generated from the message types, or says that it is out of date."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from hubbub.protocol.registry import registry
from hubbub.protocol.schema import json_schema
from hubbub.protocol.typescript import typescript

FILES = {
    "json": Path("docs/reference/schema.json"),
    "typescript": Path("clients/typescript/src/generated.ts"),
}


class Command(BaseCommand):
    help = "Prints the JSON Schema or TypeScript types of all commands and events; --write and --check for the repo's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", nargs="?", choices=sorted(FILES), default="json")
        parser.add_argument("--write", action="store_true", help="Write the generated files below this folder.")
        parser.add_argument("--check", action="store_true", help="Fail if the generated files are out of date.")

    def handle(self, *, format: str, write: bool, check: bool, **options: Any) -> None:
        if not write and not check:
            self.stdout.write(generate(format), ending="")
            return
        for name, path in FILES.items():
            text = generate(name)
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            elif not path.exists() or path.read_text() != text:
                raise CommandError(f"{path} is out of date. Run `hubbub schema --write`.")


def generate(format: str) -> str:
    """The document of a format, from everything that the installed features have registered."""
    if format == "typescript":
        return typescript(registry)
    return msgspec.json.format(msgspec.json.encode(json_schema(registry)), indent=2).decode() + "\n"
