"""What the classes of wire types say about themselves: the texts of every generated document."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import inspect as types


def docstring(struct: type) -> str:
    """The text of a struct; empty where it has none."""
    # Not inspect.getdoc(): a struct without a docstring must not inherit that of msgspec.Struct.
    return inspect.cleandoc(struct.__doc__ or "") if struct.__doc__ != msgspec.Struct.__doc__ else ""


def field_docs(struct: type) -> dict[str, str]:
    """The text under each field. It only stands in the source; without that the fields have none."""
    docs: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base.__module__.partition(".")[0] in ("builtins", "msgspec"):
            continue
        try:
            tree: Any = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                match text:
                    case ast.Expr(value=ast.Constant(value=str() as doc)):
                        docs[field.target.id] = inspect.cleandoc(doc)
    return docs


def paragraph(text: str) -> str:
    """A text on one line, with Python's double backticks as Markdown's single ones."""
    return " ".join(text.replace("``", "`").split())


def structs_of(roots: Iterable[type]) -> set[type]:
    """The structs that these ones are made of, themselves included."""
    found: set[type] = set()
    waiting = [types.type_info(root) for root in roots]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, types.StructType):
            if kind.cls in found:
                continue
            found.add(kind.cls)
        waiting += _parts(kind)
    return found


def _parts(kind: types.Type) -> Iterator[types.Type]:
    match kind:
        case types.StructType():
            yield from (field.type for field in kind.fields)
        case types.UnionType():
            yield from kind.types
        case types.CollectionType():
            yield kind.item_type
        case types.TupleType():
            yield from kind.item_types
        case types.DictType():
            yield kind.value_type
        case types.Metadata():
            yield kind.type
