"""What changes Django's own audiences: who is staff, who is active, who is in which group.

Changes that send no signal, ``QuerySet.update`` and SQL, leave sockets that are open as they are: call
``membership.tell``.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from hubbub.django.audiences import Audience, audiences_of
from hubbub.django.audiences.kinds import has_field
from hubbub.django.audiences.membership import Membership, tell, tell_ended
from hubbub.django.auth import user_models, wire_id

_BEFORE = "_hubbub_before"
"""The attribute of a user instance that carries from before its save to after it what the row said."""


def _watched() -> set[str]:
    concrete = {field.name for field in get_user_model()._meta.concrete_fields}
    return concrete & {"is_staff", "is_active"}


def _before_save(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Any, **kwargs: Any
) -> None:
    """Note what the row says, in one query, where something that matters is about to be written."""
    model = get_user_model()
    if not isinstance(instance, model) or raw or instance._state.adding:
        return
    watched = _watched() if update_fields is None else _watched().intersection(update_fields)
    if watched:
        row = model._base_manager.using(using).filter(pk=instance.pk).values(*watched).first()
        setattr(instance, _BEFORE, row)


def _after_save(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    before: dict[str, Any] | None = vars(instance).pop(_BEFORE, None)
    if before is None:
        return
    if before.get("is_active") and not instance.is_active:  # type: ignore[attr-defined]
        _leave_all(instance.pk, "deactivated")
    elif "is_staff" in before and before["is_staff"] != instance.is_staff:  # type: ignore[attr-defined]
        staff, users = Membership(Audience.staff(), instance.pk), Membership(Audience.users(), instance.pk)
        into, out_of = (staff, users) if instance.is_staff else (users, staff)  # type: ignore[attr-defined]
        tell(joined=[into], left=[out_of], reason="moved")


def _leave_all(pk: Any, reason: str) -> None:
    tell(left=[Membership(each, pk) for each in audiences_of(wire_id(pk))], reason=reason)


def _before_delete(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    _leave_all(instance.pk, "deleted")


def _before_group_delete(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    tell_ended(Audience.group(instance))


def _groups_changed(
    sender: type[Model], instance: Any, action: str, reverse: bool, pk_set: Iterable[Any] | None, **kwargs: Any
) -> None:
    """Django adds and removes in one transaction, signals included. Before it removes, it is known who goes."""
    if action not in ("post_add", "pre_remove", "pre_clear"):
        return
    if action == "post_add":
        changed = [_membership(instance, other, reverse) for other in pk_set or ()]
        tell(joined=changed)
    else:
        there = instance.user_set if reverse else instance.groups
        pks = there.values_list("pk", flat=True)
        going = pks if pk_set is None else pks.filter(pk__in=pk_set)
        tell(left=[_membership(instance, other, reverse) for other in going])


def _membership(instance: Any, other: Any, reverse: bool) -> Membership:
    group, user_id = (instance.pk, other) if reverse else (other, instance.pk)
    return Membership(Audience.group(group), user_id)


def connect() -> None:
    """Listen to Django's signals."""
    pre_save.connect(_before_save, dispatch_uid="hubbub.audiences.before_save")
    post_save.connect(_after_save, dispatch_uid="hubbub.audiences.after_save")
    for model in user_models():
        pre_delete.connect(_before_delete, sender=model, dispatch_uid="hubbub.audiences.before_delete")
    if has_field("groups"):
        from django.contrib.auth.models import Group

        groups: Any = get_user_model()._meta.get_field("groups")
        m2m_changed.connect(_groups_changed, sender=groups.remote_field.through, dispatch_uid="hubbub.audiences.groups")
        pre_delete.connect(_before_group_delete, sender=Group, dispatch_uid="hubbub.audiences.group_deleted")
