"""A model that publishes: where its instances are seen, and what is told when that changes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import GenericAlias
from typing import Any, NamedTuple

import msgspec
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models, router, transaction
from django.db.models import QuerySet, signals

from hubbub.django.declaring import Topic
from hubbub.django.publish import Publication, publish_all
from hubbub.django.shapes import key_type, shape
from hubbub.django.whereabouts import Whereabouts
from hubbub.protocol.errors import Absent
from hubbub.protocol.registry import TopicKind, event, registry, topic_kind

AT_ONCE = 500
"""Rows that are read by one query."""


class Seen(NamedTuple):
    """Where an instance is seen, and as what."""

    topic: str
    item: Any


Note = tuple[tuple[Any, ...], dict[Any, Seen]]
"""The keys of instances that are about to change, and where these are seen until then."""


class Declared:
    """What ``publishes`` was told of a model, with its message types and its topic kind."""

    def __init__(
        self,
        model: type[models.Model],
        topic: Topic,
        may_see: Callable[[Any, str], object] | None,
        fields: Sequence[str],
        serializer: Any,
        kind: str,
        rows: Callable[[str], QuerySet[Any]] | None,
        many: Sequence[str],
        related: Sequence[str],
        limit: int | None,
    ) -> None:
        self.model = model
        self.places = Whereabouts(model, topic, kind, rows)
        name = model._meta.object_name or ""
        item, self._item, own = shape(model, fields, serializer, name)
        self._many, self._related = tuple(dict.fromkeys([*own, *many])), related
        self._limit = limit
        told = f"{model._meta.app_label}.{model._meta.model_name}"
        self._notes = f"_hubbub_before_{told}"
        make = _Maker(model, told, self.places.kind)
        self.created = make("created", {"item": item}, "There is a new one, or it has come here from another topic.")
        self.updated = make("updated", {"item": item}, "One has changed.")
        self.deleted = make("deleted", {"id": key_type(model)}, "One is gone, or is on another topic now.")
        if may_see is not None:
            self._follow(may_see, make.struct("List", {"items": GenericAlias(list, (item,))}, "All of a topic."))
        _save_in_transaction(model._meta.concrete_model or model)
        self._connect()

    def _follow(self, may_see: Callable[[Any, str], object], listed: type[msgspec.Struct]) -> None:
        """Register the topic kind. Raises ImproperlyConfigured where there is one of that name."""

        def authorize(actor: Any, topic: str) -> None:
            self.places.check(topic)
            if not may_see(actor, topic):
                raise Absent

        def snapshot(actor: Any, topic: str) -> Any:
            return listed(items=[self._item(each) for each in self._newest(topic)])

        snapshot.__annotations__["return"] = listed
        name, plural = self.places.kind, self.model._meta.verbose_name_plural
        if name in registry.topics:
            raise ImproperlyConfigured(
                f"{self.model.__name__}: topics {name!r} are somebody else's; leave out may_see=."
            )
        doc = f"The {plural} of one place; `{self.places.pattern}`."
        topic_kind(TopicKind(name, authorize, snapshot, key=self.places.key, example="1", doc=doc))

    # What happens

    def _connect(self) -> None:
        for signal, receiver in (
            (signals.pre_save, self._before_save),
            (signals.post_save, self._after_save),
            (signals.pre_delete, self._before_delete),
            (signals.post_delete, self._after_delete),
        ):
            for sender in _same_rows(self.model):
                signal.connect(receiver, sender=sender, weak=False)
        for name in self._many:
            through = self.model._meta.get_field(name).remote_field.through  # type: ignore[union-attr]
            signals.m2m_changed.connect(self._many_changed, sender=through, weak=False)

    def _before_save(self, instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
        if not raw:
            new = instance.pk is None or (instance._state.adding and instance._meta.pk.has_default())
            self._note(instance, () if new else (instance.pk,), using)

    def _after_save(self, instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
        if not raw:
            _, before = self._noted(instance)
            self.tell(before, self.seen([instance.pk], using))

    def _before_delete(self, instance: Any, using: str, **kwargs: Any) -> None:
        self._note(instance, (instance.pk,), using)

    def _after_delete(self, instance: Any, **kwargs: Any) -> None:
        _, before = self._noted(instance)
        self.tell(before, {})

    def _many_changed(
        self, instance: Any, action: str, reverse: bool, pk_set: Any, using: str, sender: Any, **kwargs: Any
    ) -> None:
        if action.startswith("post_"):
            keys, before = self._noted(instance)
            self.tell(before, self.seen(keys, using))
        elif not reverse:
            self._note(instance, (instance.pk,), using)
        elif pk_set is not None:
            self._note(instance, pk_set, using)
        else:  # Afterwards nobody knows them any more.
            cleared = self.model._base_manager.using(using).filter(self._through(sender, instance))
            self._note(instance, cleared.values_list("pk", flat=True), using)

    def _note(self, instance: Any, keys: Iterable[Any], using: str) -> None:
        """Keep how these are before a change, with the instance whose signal comes again after it.

        On top of others: a receiver may change the instance once more in between.
        """
        noted = tuple(keys)
        others = instance.__dict__.get(self._notes, ())
        instance.__dict__[self._notes] = (*others, (noted, self.seen(noted, using)))

    def _noted(self, instance: Any) -> Note:
        """What was kept before the change that has just ended."""
        note: Note
        *others, note = instance.__dict__.pop(self._notes, [((), {})])
        if others:
            instance.__dict__[self._notes] = others
        return note

    def _through(self, through: Any, related: Any) -> models.Q:
        """The instances that a many-to-many relation has with a related one."""
        fields = [f for f in self.model._meta.many_to_many if f.remote_field.through is through]
        return models.Q(**{fields[0].name: related})

    @contextmanager
    def difference(self, rows: QuerySet[Any]) -> Iterator[None]:
        """Tell what a block does to these rows."""
        using = router.db_for_write(self.model)
        with transaction.atomic(using=using):
            keys = set(rows.using(using).values_list("pk", flat=True))
            before = self.seen(keys, using)
            yield
            after = self.seen(keys | set(rows.using(using).values_list("pk", flat=True)), using)
            self.tell(before, after, unless_same=True)

    # What is told

    def seen(self, keys: Iterable[Any], using: str) -> dict[Any, Seen]:
        """Where these instances are seen now, by key; they are locked until the transaction ends."""
        found: dict[Any, Seen] = {}
        todo = sorted(keys)
        for start in range(0, len(todo), AT_ONCE):
            some = todo[start : start + AT_ONCE]
            if connections[using].features.has_select_for_update:
                # By itself: what a manager joins or counts could not be locked.
                locked = self.model._base_manager.using(using).select_for_update().filter(pk__in=some)
                list(locked.order_by("pk").values_list("pk"))
            rows = self._whole(self.model._default_manager.using(using).filter(pk__in=some))
            for instance, topic in self.places.of(rows.order_by("pk"), using):
                found[instance.pk] = Seen(topic, self._item(instance))
        return found

    def tell(self, before: dict[Any, Seen], after: dict[Any, Seen], *, unless_same: bool = False) -> None:
        """Publish what makes the one of the other, on each topic."""
        told = []
        for key in dict.fromkeys([*before, *after]):
            was, now = before.get(key), after.get(key)
            if was and now and was.topic == now.topic:
                if not (unless_same and was.item == now.item):
                    told.append(Publication(now.topic, self.updated(item=now.item)))
                continue
            if was:
                told.append(Publication(was.topic, self.deleted(id=key)))
            if now:
                told.append(Publication(now.topic, self.created(item=now.item)))
        publish_all(told)

    def _newest(self, topic: str) -> list[Any]:
        """The instances of a topic that its snapshot has room for."""
        found = self._whole(self.places.rows(topic))
        if found.ordered:
            return list(found[: self._limit])
        return list(found.order_by("-pk")[: self._limit])[::-1]

    def _whole(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with what their items need of others, in as many queries for all as for one."""
        if self._related:  # Without names it would be all that they refer to.
            rows = rows.select_related(*self._related)
        return rows.prefetch_related(*self._many)


class _Maker:
    """Makes the wire types of a model."""

    def __init__(self, model: type[models.Model], told: str, kind: str) -> None:
        self._model, self._told, self._kind = model, told, kind

    def struct(self, suffix: str, fields: dict[str, Any], doc: str) -> type[msgspec.Struct]:
        namespace = {"__doc__": f"{str(self._model._meta.verbose_name).capitalize()}: {doc[0].lower()}{doc[1:]}"}
        name = f"{self._model._meta.object_name}{suffix}"
        return msgspec.defstruct(name, list(fields.items()), module=self._model.__module__, namespace=namespace)

    def __call__(self, what: str, fields: dict[str, Any], doc: str) -> Any:
        return event(f"{self._told}_{what}", kind=self._kind)(self.struct(what.capitalize(), fields, doc))


def _same_rows(model: type[models.Model]) -> Iterable[type[models.Model]]:
    """The models that save and delete the rows of this one: a signal of a proxy names the proxy as its sender."""
    stored = model._meta.concrete_model
    return dict.fromkeys([model, *(each for each in apps.get_models() if each._meta.concrete_model is stored)])


def _save_in_transaction(model: type[models.Model]) -> None:
    """Django commits a row before it says that it was saved: here the event is to be in the same transaction."""
    save_base: Any = model.save_base

    @wraps(save_base)
    def in_transaction(self: Any, *args: Any, using: str | None = None, **kwargs: Any) -> None:
        alias = using or router.db_for_write(model, instance=self)
        with transaction.atomic(using=alias, savepoint=False):
            save_base(self, *args, using=alias, **kwargs)

    model.save_base = in_transaction  # type: ignore[method-assign]
