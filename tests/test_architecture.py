"""Only an actions module publishes and writes; the other rules of the house are import contracts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbub

SOURCE = Path(hubbub.__file__).parent

# The composition root holds the tools that actions use, and the test kit stands beside the rules.
EXEMPT_PACKAGES = {"django", "testing"}
EXEMPT_PARTS = {"actions", "migrations", "tests"}

# These write whatever they are called on.
WRITES = {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# These write when called on a manager; a dict has an `update`, a cache a `delete`.
MANAGER_WRITES = {"create", "delete", "update"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}


def asynchronous(names: set[str]) -> set[str]:
    return names | {f"a{name}" for name in names}


def on_manager(node: ast.expr) -> bool:
    """Whether a chain such as `Message.objects.filter(...).order_by(...)` starts at a manager."""
    while True:
        match node:
            case ast.Attribute(attr=name) if name in MANAGERS or name.endswith("_set"):
                return True
            case ast.Attribute(value=inner) | ast.Call(func=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return False


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names):
                for alias in names:
                    if alias.name in ("publish", "publish_all", "publish_ephemeral"):
                        yield node.lineno, f"imports {alias.name}"
            case ast.Call(func=ast.Attribute(attr=name, value=target)):
                # Without arguments `.delete()` is a model's or a queryset's own.
                bare_delete = name in ("delete", "adelete") and not node.args and not node.keywords
                if (
                    name in asynchronous(WRITES)
                    or bare_delete
                    or (name in asynchronous(MANAGER_WRITES) and on_manager(target))
                ):
                    yield node.lineno, f"calls .{name}()"


def judged_modules() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        for parts in [path.relative_to(SOURCE).with_suffix("").parts]
        if len(parts) > 1 and parts[0] not in EXEMPT_PACKAGES and not EXEMPT_PARTS.intersection(parts)
    ]


def test_only_actions_publish_and_write() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {what}"
        for path in judged_modules()
        for line, what in offences(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "only an actions module may do this:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "code",
    [
        "message.save()",
        "await message.asave()",
        "Message.objects.create(content='hi')",
        "Message.objects.filter(pk=1).update(content='hi')",
        "await Message.objects.filter(pk=1).adelete()",
        "conversation.message_set.create(content='hi')",
        "message.delete()",
        "Message.objects.bulk_create(rows)",
        "from hubbub import publish",
        "from hubbub.django.publish import publish as say",
    ],
)
def test_an_offence_is_seen(code: str) -> None:
    wrapped = f"async def handler():\n    {code}\n"
    assert list(offences(ast.parse(wrapped)))


@pytest.mark.parametrize(
    "code",
    [
        "seen.update({1: 2})",
        "cache.delete('key')",
        "Message.objects.filter(pk=1).values()",
        "digest.update(data)",
        "Stream.create(topic)",
        "actions.delete(message)",
    ],
)
def test_a_harmless_line_is_let_by(code: str) -> None:
    assert not list(offences(ast.parse(code)))
