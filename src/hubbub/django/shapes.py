"""How the instances of a model travel: from a list of its fields, a function, or a serializer of DRF."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.utils.module_loading import import_string

Item = Callable[[Any], Any]
"""Makes what travels of an instance."""

_TYPES: "tuple[tuple[type[models.Field[Any, Any]], Any], ...]" = (
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.FloatField, float),
    (models.DecimalField, Decimal),
    (models.DateTimeField, datetime),
    (models.DateField, date),
    (models.TimeField, time),
    (models.DurationField, timedelta),
    (models.UUIDField, UUID),
    (models.CharField, str),
    (models.TextField, str),
    (models.FileField, str),
    (models.GenericIPAddressField, str),
)


def key_type(model: type[models.Model]) -> Any:
    """What the primary key is on the wire."""
    return _type_of(model._meta.pk)


def shape(
    model: type[models.Model], fields: Sequence[str], serializer: Any, name: str
) -> tuple[Any, Item, tuple[str, ...]]:
    """The type of what travels of an instance, what makes it, and the many-to-many fields that it needs.

    Of ``fields`` a struct called ``name``, with the primary key as ``id``; of a function what it says that it
    returns; of a serializer, the class or the path to it, a dict. Raises ImproperlyConfigured for none or both.
    """
    if bool(fields) == (serializer is not None):
        raise ImproperlyConfigured(f"{model.__name__} publishes by either fields= or serializer=.")
    if fields:
        return _by_fields(model, fields, name)
    made = import_string(serializer) if isinstance(serializer, str) else serializer
    if isinstance(made, type) and not issubclass(made, msgspec.Struct):
        return dict[str, Any], _by_serializer(made), ()
    if isinstance(made, type):
        return made, lambda instance: msgspec.convert(instance, made, from_attributes=True), ()
    return get_type_hints(made).get("return", dict[str, Any]), made, ()


def _by_fields(
    model: type[models.Model], fields: Sequence[str], name: str
) -> tuple[type[msgspec.Struct], Item, tuple[str, ...]]:
    types: dict[str, Any] = {"id": key_type(model)}
    readers: dict[str, Item] = {"id": lambda instance: instance.pk}
    many = []
    for each in fields:
        if each in ("pk", "id"):
            continue
        try:
            field: Any = model._meta.get_field(each)
        except FieldDoesNotExist:
            types[each], readers[each] = Any, _attribute(each)
            continue
        if field.many_to_many:
            many.append(each)
            types[each] = list[key_type(field.related_model)]  # type: ignore[misc]
            readers[each] = _keys(each)
        else:
            types[each] = _type_of(field) | None if field.null else _type_of(field)
            readers[each] = _text(field.attname) if isinstance(field, models.FileField) else _attribute(field.attname)
    doc = f"One {model._meta.verbose_name}."
    struct = msgspec.defstruct(name, list(types.items()), module=model.__module__, namespace={"__doc__": doc})
    return struct, lambda instance: struct(*(read(instance) for read in readers.values())), tuple(many)


def _type_of(field: Any) -> Any:
    while field.remote_field:
        field = field.target_field
    return next((type for kind, type in _TYPES if isinstance(field, kind)), Any)


def _attribute(name: str) -> Item:
    return lambda instance: getattr(instance, name)


def _text(name: str) -> Item:
    return lambda instance: str(getattr(instance, name))


def _keys(name: str) -> Item:
    # By all(), which finds what was prefetched.
    return lambda instance: sorted(each.pk for each in getattr(instance, name).all())


def _by_serializer(serializer: Any) -> Item:
    def item(instance: Any) -> Any:
        from rest_framework.renderers import JSONRenderer

        return json.loads(JSONRenderer().render(serializer(instance).data))

    return item
