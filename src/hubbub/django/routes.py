"""The reference page of the REST routes, as Markdown: written from the OpenAPI document."""

import re
from typing import Any

_EVERYWHERE = {"busy", "not_authenticated", "token_not_valid", "permission_denied"}
_BODY = {"bad_json", "bad_data", "unsupported_media_type"}

_INTRODUCTION = """\
<!-- Written by `hubbub schema` from the OpenAPI document. Don't edit it by hand. -->

# REST routes

[How to read and use them](rest.md). [openapi.json](openapi.json) has their bodies and answers in full; a running server
shows it at `/api/docs/` to who has signed in.

Not named below: any route may be answered `busy` (503), one that takes a body or a query `bad_json`, `bad_data` (400),
`too_long` (413) and `unsupported_media_type` (415), one for who has signed in `not_authenticated` and `token_not_valid`
(401), and by cookie without the CSRF token `permission_denied` (403)."""


def routes_page(document: dict[str, Any]) -> str:
    """A table for each feature."""
    rows: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            good = ", ".join(status for status in operation["responses"] if status < "400")
            cells = (f"`{method.upper()} {path}`", operation["summary"], _who(operation), good, _errors(operation))
            rows.setdefault(operation["tags"][0], []).append(f"| {' | '.join(cells)} |")
    head = "| route | | who | good | errors |\n| --- | --- | --- | --- | --- |"
    tables = [f"## {tag.capitalize()}\n\n{head}\n" + "\n".join(lines) for tag, lines in rows.items()]
    return "\n\n".join([_INTRODUCTION, *tables]) + "\n"


def _errors(operation: dict[str, Any]) -> str:
    """The errors that are the route's own."""
    known = (_EVERYWHERE if "security" in operation else {"busy"}) | _BODY
    found = []
    for status, answer in operation["responses"].items():
        if status >= "400" and status != "413":
            codes = re.findall(r"(?:^|; )`([a-z_]+)`", answer["description"])
            found += [f"`{code}` ({status})" for code in codes if code not in known]
    return ", ".join(found)


def _who(operation: dict[str, Any]) -> str:
    schemes = operation.get("security", [])
    if not schemes:
        return "everybody"
    return "signed in, or a guest" if {} in schemes else "signed in"
