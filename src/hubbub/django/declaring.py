"""Model events by declaration: ``@hubbub.publishes(...)`` (rules DCL-1 to DCL-4, decision 0036).

This is imported by modules that define models, so it imports no model itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from hubbub.django.declared import Declared

M = TypeVar("M", bound="type[Model]")
Q = TypeVar("Q", bound="QuerySet[Any]")

Topic = str | Callable[[Any], str]

_waiting: list[Callable[[], None]] = []
_declared: "dict[type[Model], Declared]" = {}


def publishes(
    *,
    topic: Topic,
    may_see: Callable[[Any, str], object] | None = None,
    fields: Sequence[str] = (),
    serializer: Any = None,
    kind: str = "",
    rows: "Callable[[str], QuerySet[Any]] | None" = None,
    many: Sequence[str] = (),
    related: Sequence[str] = (),
    limit: int | None = 1000,
) -> Callable[[M], M]:
    """Publish what becomes of a model's instances: ``<app>.<model>_created``, ``_updated`` and ``_deleted``.

    ``topic`` says where, as a text with the instance's fields (``"board.{board_id}"``), or as a function of the
    instance, which returns an empty text for one that nobody is to see. ``may_see(actor, topic)`` says who may follow,
    by what it returns or by raising Forbidden; it makes the topic kind, whose snapshot is the list: of more than
    ``limit`` instances the newest by primary key, or the first where ``rows`` or the model say an order; None is all.
    Without ``may_see`` the kind is somebody else's. It is asked when somebody begins to follow: where somebody loses
    that right, call ``revoke``.

    What travels is a struct of ``fields``, or what ``serializer`` makes of an instance: a function, a serializer of
    DRF, or the path to either. ``rows(topic)`` are the instances of a topic; a function as ``topic`` needs it, and
    ``kind``, what its topics begin with. ``many`` are many-to-many fields whose changes are told, as are those of
    ``fields``. ``related`` are foreign keys whose rows are read with the instances, by ``select_related``: without, a
    serializer that looks at them costs a query for each instance.

    Events are in the transaction that saves. ``QuerySet.update``, ``bulk_create`` and ``bulk_update`` tell nobody: see
    ``published``. Raises ImproperlyConfigured for what does not fit together, when Django is ready.
    """

    def declare(model: M) -> M:
        def register() -> None:
            from hubbub.django.declared import Declared

            if model in _declared:
                raise ImproperlyConfigured(f"{model.__name__} publishes already.")
            _declared[model] = Declared(model, topic, may_see, fields, serializer, kind, rows, many, related, limit)

        _waiting.append(register)
        return model

    return declare


def register_declared() -> None:
    """Take what was declared until now, once all models are there; for a model that a test makes, call it there."""
    while _waiting:
        _waiting.pop(0)()


@contextmanager
def published(rows: Q) -> Iterator[Q]:
    """Publish what a block does to these rows, by whatever way: ``with published(rows) as rows: rows.update(...)``.

    They are read before and after, in the transaction that this opens, and the difference is told. The queryset has to
    find all that is changed, and what is made. Raises LookupError for a model that doesn't publish.
    """
    if rows.model not in _declared:
        raise LookupError(f"{rows.model.__name__} does not publish: decorate it with @hubbub.publishes(...).")
    with _declared[rows.model].difference(rows):
        yield rows
