"""What digests gather, by the channel ``email``, and when they are looked for."""

from django.contrib.auth import get_user_model

from hubbub.django.auth import email_field
from hubbub.django.retention import recur
from hubbub.engine.actor import SYSTEM
from hubbub.notifications.channels import Delivery, channel
from hubbub.notifications.digests import actions, queries

LOOK_SECONDS = 60.0


@channel(queries.CHANNEL)
def gather(delivery: Delivery) -> None:
    """Keep it for the user's next digest. Whoever has no address is not mailed, and nothing is kept for them."""
    field = email_field()
    users = get_user_model()._default_manager.filter(pk=delivery.user_id)
    if field and users.exclude(**{field: ""}).exists():
        actions.collect(SYSTEM, delivery.user_id, delivery.notification.id, delivery.notification.number)


def send_due() -> int:
    """Have the digests sent that are due."""
    from hubbub.notifications.digests import sending  # What runs tasks is not needed to start.

    return sending.send_due()


recur("e-mail digests", LOOK_SECONDS, send_due)
