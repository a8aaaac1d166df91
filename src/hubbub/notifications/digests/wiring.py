"""What digests gather, by the channel ``email``, and when they are looked for."""

from collections.abc import Sequence

from hubbub.django.retention import recur
from hubbub.engine.actor import SYSTEM
from hubbub.notifications.channels import Delivery, channel
from hubbub.notifications.digests import actions, queries

LOOK_SECONDS = 60.0


@channel(queries.CHANNEL, together=True, in_quiet_hours=True)
def gather(deliveries: Sequence[Delivery]) -> None:
    """Keep them for the users' next digests. Whoever has no address is not mailed, and nothing is kept for them."""
    there = queries.with_address({each.user_id for each in deliveries})
    # Of one that is counted up several times, the last.
    wanted = {each.notification.id: each for each in deliveries if each.user_id in there}
    if wanted:
        actions.collect(SYSTEM, [(each.user_id, id, each.notification.number) for id, each in wanted.items()])


def send_due() -> int:
    """Have the digests sent that are due."""
    from hubbub.notifications.digests import sending  # What runs tasks is not needed to start.

    return sending.send_due()


recur("e-mail digests", LOOK_SECONDS, send_due)
