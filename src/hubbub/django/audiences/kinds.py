"""The audiences that Django itself knows, everyone, staff, the other users and its groups; and their topics."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from hubbub.django.audiences import TOPIC_KIND, Audience, AudienceKind, UserId, audience_kind, is_in
from hubbub.django.conf import database_alias
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent
from hubbub.protocol.registry import TopicKind, topic_kind
from hubbub.protocol.topics import id_of

Users = QuerySet[Any]
Keys = QuerySet[Any, Any]


def users() -> Users:
    return get_user_model()._default_manager.using(database_alias()).all()


def has_field(name: str) -> bool:
    """Whether the project's user model has a field or relation; one of its own may have no groups, and no staff."""
    return any(field.name == name for field in get_user_model()._meta.get_fields())


def everyone(key: str) -> Keys:
    _only(key, "everyone")
    return users().values_list("pk", flat=True)


def staff(key: str) -> Keys:
    _only(key, "staff")
    found = users().filter(is_staff=True) if has_field("is_staff") else users().none()
    return found.values_list("pk", flat=True)


def others(key: str) -> Keys:
    _only(key, "users")
    found = users().filter(is_staff=False) if has_field("is_staff") else users()
    return found.values_list("pk", flat=True)


def _only(key: str, name: str) -> None:
    """Raises Absent: ``staff.1`` is nothing."""
    if key != name:
        raise Absent


def members_of_group(key: str) -> Keys:
    return _group_users(id_of(key, "group")).values_list("pk", flat=True)


def _group_users(id: int) -> Users:
    return users().filter(groups=id) if has_field("groups") else users().none()


def groups_of(user_id: UserId) -> list[str]:
    if not has_field("groups"):
        return []
    groups = users().filter(pk=user_id, groups__isnull=False).values_list("groups", flat=True)
    return [Audience.group(pk).key for pk in groups]


def title_of_group(key: str) -> str:
    from django.contrib.auth.models import Group

    name = Group.objects.filter(pk=id_of(key, "group")).values_list("name", flat=True).first()
    if name is None:
        raise Absent
    return name


def authorize(actor: Actor, topic: str) -> None:
    """Raises Absent for who isn't in the audience."""
    if not is_in(actor, Audience.of_topic(topic)):
        raise Absent


def _titled(name: str, title: str, key: str) -> str:
    _only(key, name)
    return title


audience_kind(
    AudienceKind("everyone", everyone, lambda user_id: ["everyone"], lambda key: _titled("everyone", "Everyone", key))
)
audience_kind(
    AudienceKind(
        "staff",
        staff,
        lambda user_id: ["staff"] if staff("staff").filter(pk=user_id).exists() else [],
        lambda key: _titled("staff", "Staff", key),
    )
)
audience_kind(
    AudienceKind(
        "users",
        others,
        lambda user_id: ["users"] if others("users").filter(pk=user_id).exists() else [],
        lambda key: _titled("users", "All who are not staff", key),
    )
)
audience_kind(AudienceKind("group", members_of_group, groups_of, title_of_group))

topic_kind(
    TopicKind(
        TOPIC_KIND,
        authorize,
        revokes=True,
        key="audience",
        example="team.3",
        doc="What concerns all who are in an audience: `everyone`, `staff`, `group.3`, `team.3`, … Only they may "
        "follow it.",
    )
)
