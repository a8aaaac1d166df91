"""Who may: everybody reads what is said to an audience that one is in; who announces needs Django's permission."""

from hubbub.announcements.models import Announcement
from hubbub.django.audiences import Audience, is_in
from hubbub.django.auth import require_permission
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import Absent

TOPIC_KIND = "announcements"


def user_topic(user_id: int | str) -> str:
    return f"{TOPIC_KIND}.{user_id}"


def readable(actor: Actor, id: int) -> Announcement:
    """An announcement that was made to an audience that the actor is in, and not withdrawn. Raises Absent."""
    found = Announcement.objects.filter(pk=id, number__isnull=False, withdrawn_at__isnull=True).first()
    if found is None or not is_in(actor, Audience(found.audience)):
        raise Absent
    return found


def permitted(actor: Actor, permission: str) -> None:
    """Raises Forbidden for anybody but staff with Django's permission: ``add``, ``change``, ``view``, ``delete``."""
    require_permission(actor, f"hubbub_announcements.{permission}_announcement")
