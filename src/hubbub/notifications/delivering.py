"""What is called for each notification after its commit: the channels by which its user wants it besides the list."""

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
        (users.to_python(event.topic.partition(".")[2]), event.data)
        for event in events
        if event.data.notification.id in there
    ]
    wishes = wishes_of({user_id for user_id, _ in told}, {data.notification.kind for _, data in told})
    for user_id, data in told:
        for name, bring in channels.items():
            if wishes.wants(user_id, data.notification.kind, name):
                bring(Delivery(user_id, data.notification, data.unread))
