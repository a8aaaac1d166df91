"""What readers do: they see, and they acknowledge."""

from django.db import connections
from django.db.models import Max

from hubbub import publish
from hubbub.announcements import messages as wire
from hubbub.announcements.models import Acknowledgement, Seen
from hubbub.announcements.policy import readable, user_topic
from hubbub.announcements.queries import made, seen_up_to, unread
from hubbub.django.actions import action
from hubbub.django.audiences import audiences_of
from hubbub.django.conf import database_alias
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData

_MOVE = f"""
INSERT INTO {Seen._meta.db_table} (user_id, audience, number) VALUES (%s, %s, %s)
ON CONFLICT (user_id, audience) DO UPDATE SET number = excluded.number
WHERE {Seen._meta.db_table}.number < excluded.number
"""


@action
def see(actor: Actor, up_to: int) -> wire.SeenReply:
    """Move the user's cursors, never back, to what there is up to a number (rule ANN-4)."""
    user_id = actor.require_user()
    keys = [each.key for each in audiences_of(user_id)]
    # What there is, audience by audience: what begins later is not seen yet, whatever the client says.
    latest = made(keys).order_by().filter(number__lte=up_to).values_list("audience").annotate(Max("number"))
    there = dict(latest)
    before = seen_up_to(user_id, there)
    moved = sorted((key, number) for key, number in there.items() if number > before.get(key, 0))
    number = max(there.values(), default=0)
    if not moved:
        return wire.SeenReply(number, unread(user_id, keys))
    connection = connections[database_alias()]
    user = Seen._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.executemany(_MOVE, [(user, key, number) for key, number in moved])
    reply = wire.SeenReply(number, unread(user_id, keys))
    publish(user_topic(user_id), wire.AnnouncementsSeen(reply.number, reply.unread), author=actor.key)
    return reply


@action
def acknowledge(actor: Actor, id: int) -> None:
    """Say that one has read an announcement that asks for it; once more is no error. Raises Absent, BadData."""
    user_id = actor.require_user()
    row = readable(actor, id)
    if not row.acknowledge:
        raise BadData("This announcement asks for no acknowledgement.")
    _, now = Acknowledgement.objects.get_or_create(announcement=row, user_id=user_id)
    if now:
        publish(user_topic(user_id), wire.AnnouncementAcknowledged(row.pk), author=actor.key)
