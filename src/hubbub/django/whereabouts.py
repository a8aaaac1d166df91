"""On which topic a model's instances are seen."""

from collections.abc import Callable, Iterator
from string import Formatter
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.db import models
from django.db.models import QuerySet

from hubbub.django.declaring import Topic
from hubbub.protocol.errors import Absent
from hubbub.protocol.topics import key_of


class Whereabouts:
    """On which topic an instance is seen, and which instances a topic has."""

    def __init__(
        self, model: type[models.Model], topic: Topic, kind: str, rows: Callable[[str], QuerySet[Any]] | None
    ) -> None:
        self._model, self._topic, self._rows = model, topic, rows
        self._field: Any = None
        self.pattern = topic if isinstance(topic, str) else f"{kind}.<id>"
        if not isinstance(topic, str):
            if not kind or rows is None:
                raise ImproperlyConfigured(f"{model.__name__} publishes by a function: say kind= and rows= as well.")
            self.kind, self.key = kind, "id"
            return
        self.kind, _, key = topic.partition(".")
        self.key = key.strip("{}").replace("_", " ")
        names = [name for _, name, _, _ in Formatter().parse(topic) if name]
        if names and key != f"{{{names[0]}}}":
            raise ImproperlyConfigured(f"{model.__name__}: write the topic as 'kind.{{field}}', or as a function.")
        if names:
            try:
                self._field = model._meta.get_field(names[0].removesuffix("_id"))
            except FieldDoesNotExist:
                self._field = model._meta.get_field(names[0])

    def check(self, topic: str) -> None:
        """Raises Absent for a topic that no instance could have."""
        if not isinstance(self._topic, str):
            return
        if self._field is None:
            if topic != self._topic:
                raise Absent
            return
        key = key_of(topic)
        field = self._field.target_field if self._field.remote_field else self._field
        try:
            # One spelling only: who follows "board.042" would follow nothing.
            found = str(field.to_python(key)) == key
        except (ValidationError, ValueError):
            found = False
        if not found:
            raise Absent

    def rows(self, topic: str) -> QuerySet[Any]:
        """The instances of a topic."""
        if self._rows is not None:
            return self._rows(topic)
        found = self._model._default_manager.all()
        return found if self._field is None else found.filter(**{self._field.attname: key_of(topic)})

    def of(self, rows: QuerySet[Any], using: str) -> Iterator[tuple[Any, str]]:
        """Those of the rows that are seen, each with its topic."""
        by_topic: dict[str, dict[Any, Any]] = {}
        for instance in rows:
            if topic := self._of(instance):
                by_topic.setdefault(topic, {})[instance.pk] = instance
        for topic, found in by_topic.items():
            if self._rows is None:
                kept = set(found)
            else:
                kept = set(self._rows(topic).using(using).filter(pk__in=list(found)).values_list("pk", flat=True))
            yield from ((instance, topic) for pk, instance in found.items() if pk in kept)

    def _of(self, instance: Any) -> str:
        if not isinstance(self._topic, str):
            return self._topic(instance)
        if self._field is None:
            return self._topic
        value = getattr(instance, self._field.attname)
        return "" if value is None else f"{self.kind}.{value}"
