"""What the code says of itself, as Markdown."""

import argparse
import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

import hubbub
from hubbub.chat.actions.sending import MAX_CONTENT
from hubbub.django.conf import DEFAULT_LIMITS, HubbubSettings
from hubbub.django.metrics import METRICS
from hubbub.django.parsers import MAX_JSON
from hubbub.engine.settings import EngineSettings
from hubbub.presence.messages import MOST_WATCHED
from hubbub.protocol.close import Close
from hubbub.protocol.errors import ERRORS, HubbubError
from hubbub.transports.uvicorn.http import HubbubHTTPProtocol
from hubbub.transports.uvicorn.parser import BoundedServerProtocol
from hubbub.transports.uvicorn.websocket import MAX_MESSAGE

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
        if "code" in vars(known) and known is not HubbubError and _said_by_the_server(known):
            found.add(known)
    return found


def _said_by_the_server(error: type) -> bool:
    """Those of the Python client stand on its own page; no frame has them."""
    return error.__module__.startswith("hubbub.") and not error.__module__.startswith("hubbub.client.")


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
    found = {}
    for line, below in zip(body.body, body.body[1:], strict=False):
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(target, ast.Name) and isinstance(text, str):
            found[target.id] = " ".join(text.split()).replace("``", "`")
    return found


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


# Limits

_BOUNDS = (
    "frame_rate",
    "sockets_per_user",
    "sockets_per_address",
    "max_subscriptions",
    "max_pending",
    "outbox_bytes",
    "resume_limit",
    "writer_queue",
    "handshakes",
)


def limits() -> Iterator[str]:
    """The bounds that a project can set, the named rates, and those that are fixed."""
    meanings = _comments_below(HubbubSettings)
    defaults = {field.name: field.default for field in msgspec.structs.fields(HubbubSettings)}
    yield from ("## Of a connection, a user, a process", "")
    yield from heading("`HUBBUB` key", "default", "")
    for name in _BOUNDS:
        yield row(f"`{name.upper()}`", f"`{defaults[name]}`", meanings[name])
    yield from ("", "## Rates by name", "", "Keys of `LIMITS`; `HUBBUB_LIMITS` in the environment.", "")
    yield from heading("name", "default")
    for name, rate in DEFAULT_LIMITS.items():
        yield row(f"`{name}`", f"`{rate}`")
    yield from ("", "## Fixed", "")
    yield from heading("what", "bound", "past it")
    yield row("a frame or message", f"{MAX_MESSAGE:,} bytes", "1009")
    yield row("frames of one message", f"{BoundedServerProtocol.max_fragments:,}", "1009")
    yield row("commands waiting in one connection, over all topics", EngineSettings().max_pending_session, "`busy`")
    yield row("a topic's name", "90 characters", "`bad_frame`")
    yield row("users whose presence one connection looks at", f"{MOST_WATCHED:,}", "`bad_data`")
    yield row("a JSON body over REST", f"{MAX_JSON:,} bytes", "`too_long`")
    yield row("any request's body (`HUBBUB_MAX_BODY_BYTES`)", f"{HubbubHTTPProtocol.max_body:,} bytes", "413")
    yield row("a request's headers", f"{HubbubHTTPProtocol.max_head_size:,} bytes", "431")
    yield row("a chat message", f"{MAX_CONTENT:,} characters", "`too_long`")


# Metrics


def metrics() -> Iterator[str]:
    """One row for each name."""
    yield from heading("name", "type", "", "label")
    for each in METRICS:
        label = f"`{each.label}`: {each.values}" if each.label else ""
        yield row(f"`{each.name}`", each.kind, each.help, label)


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
