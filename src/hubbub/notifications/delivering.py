"""What is called for notifications after their commit: the channels by which their users want them besides the list.

By as many queries for a hundred users as for one, but for what a channel does for each.
"""

from collections.abc import Sequence

from django.contrib.auth import get_user_model

from hubbub.django.listeners import Happened, on_event
from hubbub.notifications import messages as wire
from hubbub.notifications.channels import Delivery, channels
from hubbub.notifications.digests import wiring as digests
from hubbub.notifications.models import Notification
from hubbub.notifications.preferences import wishes_of
from hubbub.notifications.push import wiring as push

__all__ = ["digests", "push"]


@on_event(wire.Notified, together=True)
def deliver(events: Sequence[Happened]) -> None:
    """Call the channels that each user wants for the kind (rule NTF-5). What is gone meanwhile is told no more."""
    users = get_user_model()._meta.pk
    ids = [event.data.notification.id for event in events]
    there = set(Notification.objects.filter(pk__in=ids).values_list("pk", flat=True))
    told = [
        Delivery(users.to_python(event.topic.partition(".")[2]), event.data.notification, event.data.unread)
        for event in events
        if event.data.notification.id in there
    ]
    wishes = wishes_of({each.user_id for each in told}, {each.notification.kind for each in told})
    for name, channel in channels.items():
        if wanted := [each for each in told if wishes.wants(each.user_id, each.notification.kind, name)]:
            channel.bring(wanted)
