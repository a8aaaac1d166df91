"""What is called for notifications after their commit: the channels by which their users want them besides the list.

By as many queries for a hundred users as for one, but for what a channel does for each.
"""

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.utils import timezone

from hubbub.django.listeners import Happened, on_event
from hubbub.notifications import messages as wire
from hubbub.notifications.channels import Delivery, channels
from hubbub.notifications.digests import wiring as digests
from hubbub.notifications.models import Notification
from hubbub.notifications.preferences import in_quiet_hours, may_alert, wishes_of
from hubbub.notifications.push import wiring as push
from hubbub.notifications.queries import boxes_of

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
        wanted = [each for each in told if wishes.wants(each.user_id, each.notification.kind, name)]
        if wanted and not channel.in_quiet_hours:
            wanted = _without_quiet(wanted)
        if wanted:
            channel.bring(wanted)


def _without_quiet(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those that may alert at this moment, by their users' quiet hours. One query."""
    boxes, now = boxes_of({each.user_id for each in deliveries}), timezone.now()
    quiet = {id: in_quiet_hours(box, now) for id, box in boxes.items()}
    return [
        each for each in deliveries if may_alert(wanted=True, level=each.notification.level, quiet=quiet[each.user_id])
    ]
