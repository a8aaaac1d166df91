"""What the code says of itself, as Markdown."""

import argparse
import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

import hubbub
from hubbub.protocol.close import Close
from hubbub.protocol.errors import ERRORS, HubbubError

PACKAGE = Path(hubbub.__file__).parent


def row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def heading(*cells: str) -> Iterator[str]:
    yield row(*cells)
    yield row(*["---"] * len(cells))


# Errors


def errors() -> Iterator[str]:
    """One row for each code; features' own errors beside the protocol's."""
    yield from heading("code", "HTTP", "temporary", "message")
    for error in sorted(_errors(), key=lambda error: (error.code, error.status)):
        yield row(f"`{error.code}`", error.status, "yes" if error.temporary else "", error().message)


def _errors() -> set[type[HubbubError]]:
    """Those that say a code and words of their own; the rest are refinements that a client cannot tell apart."""
    found = set(ERRORS)
    waiting = [HubbubError]
    while waiting:
        known = waiting.pop()
        waiting += known.__subclasses__()
        if "code" in vars(known) and known is not HubbubError and known.__module__.startswith("hubbub."):
            found.add(known)
    return found


def close_codes() -> Iterator[str]:
    yield from heading("code", "name", "reconnect", "when")
    meanings = _comments_below(Close)
    for code in Close:
        again = "with fresh credentials" if code is Close.NOT_AUTHENTICATED else "yes" if code.reconnect else "no"
        yield row(f"`{int(code)}`", f"`{code.name}`", again, meanings[code.name])


def _comments_below(enum: type) -> dict[str, str]:
    """The text below each member of a class, as an attribute's docstring stands."""
    body = ast.parse(inspect.getsource(enum)).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        line.targets[0].id: " ".join(below.value.value.split())
        for line, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(line, ast.Assign)
        and isinstance(line.targets[0], ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


# Checks


def checks() -> Iterator[str]:
    """Every ``Error(...)`` and ``Warning(...)`` with an id of ours, wherever it is made."""
    for id, kind, message, hint in sorted(_checks()):
        yield f"({id.replace('.', '-').lower()})="
        yield f"## `{id}`"
        yield ""
        yield f"{kind}. {message}"
        yield ""
        yield hint
        yield ""


def _checks() -> Iterator[tuple[str, str, str, str]]:
    for path in PACKAGE.rglob("*.py"):
        if "tests" in path.parts or "hubbub." not in (source := path.read_text()):
            continue
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("Error", "Warning"):
                named = {keyword.arg: keyword.value for keyword in call.keywords}
                id = _text(named.get("id"))
                if id.startswith("hubbub."):
                    yield id, call.func.id, _text(call.args[0]), _text(named.get("hint"))


def _text(node: ast.expr | None) -> str:
    """A text as it stands in the code, with ``…`` for what is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("…" if isinstance(part, ast.FormattedValue) else _text(part) for part in node.values)
    return ""


# Commands


def commands() -> Iterator[str]:
    """The management commands of hubbub's apps, with the arguments that are theirs."""
    for name, app in sorted(get_commands().items()):
        if isinstance(app, str) and app.startswith("hubbub."):
            command = load_command_class(app, name)
            yield f"## `{name}`"
            yield ""
            yield command.help
            yield ""
            yield from _arguments(command, name)
            yield ""


def _arguments(command: BaseCommand, name: str) -> Iterator[str]:
    base = {action.dest for action in BaseCommand().create_parser("hubbub", name)._actions}
    parser = command.create_parser("hubbub", name)
    ours = [action for action in parser._actions if action.dest not in base]
    if ours:
        yield from heading("argument", "default", "")
    for action in ours:
        flags = ", ".join(f"`{flag}`" for flag in action.option_strings) or f"`{action.dest}`"
        silent = action.nargs == 0 or action.default in (None, "", argparse.SUPPRESS)
        default = "" if silent else f"`{action.default}`"
        yield row(flags, default, (action.help or "").replace(" (default: %(default)s)", ""))
