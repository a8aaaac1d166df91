"""What happens: state and event in one transaction."""

from django.db.models import Count

from hubbub import Actor, action, publish
from hubbub.protocol.errors import Forbidden, NotAuthenticated
from hubbub.protocol.topics import key_of, kind_of
from tests.poll.feature import messages as wire
from tests.poll.feature.models import Vote


def check_access(actor: Actor, topic: str) -> None:
    """Whoever has signed in may follow any poll and vote in it. Raises NotAuthenticated, Forbidden."""
    if actor.user_id is None:
        raise NotAuthenticated
    if kind_of(topic) != "poll" or not key_of(topic):
        raise Forbidden


def tally(poll: str) -> wire.Tally:
    rows = Vote.objects.filter(poll=poll).values_list("option").annotate(count=Count("pk")).order_by("option")
    return wire.Tally(dict(rows))


@action
def vote(actor: Actor, topic: str, option: str, *, client_id: str | None = None) -> wire.Tally:
    check_access(actor, topic)
    Vote.objects.update_or_create(poll=key_of(topic), user_id=actor.user_id, defaults={"option": option})
    now = tally(key_of(topic))
    publish(topic, wire.Voted(now), author=actor.key)
    return now
