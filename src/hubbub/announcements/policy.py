"""Who may: everybody reads what is said to an audience that one is in; who announces needs Django's permission."""

from django.contrib.auth import get_user_model

from hubbub.announcements.models import Announcement
from hubbub.django.audiences import Audience, is_in
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import Absent, Forbidden, NotAuthenticated

TOPIC_KIND = "announcements"


def user_topic(user_id: int | str) -> str:
    return f"{TOPIC_KIND}.{user_id}"


def require_user(actor: Actor) -> int | str:
    """The actor's user. Raises NotAuthenticated for a guest."""
    if actor.user_id is None:
        raise NotAuthenticated
    return actor.user_id


def readable(actor: Actor, id: int) -> Announcement:
    """An announcement that was made to an audience that the actor is in, and not withdrawn. Raises Absent."""
    found = Announcement.objects.filter(pk=id, number__isnull=False, withdrawn_at__isnull=True).first()
    if found is None or not is_in(actor, Audience(found.audience)):
        raise Absent
    return found


def permitted(actor: Actor, permission: str) -> None:
    """Raises Forbidden for anybody but staff with Django's permission: ``add``, ``change``, ``view``, ``delete``.

    What the system does, and a project's own code by ``hubbub.announce``, is not asked.
    """
    if actor == SYSTEM:
        return
    user = get_user_model()._default_manager.filter(pk=actor.user_id or 0).first() if actor.is_staff else None
    if user is None or not user.has_perm(f"hubbub_announcements.{permission}_announcement"):
        raise Forbidden("Only staff who have been given the permission can do this.")
