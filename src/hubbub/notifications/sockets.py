"""The socket of notifications beside the full protocol: ``/ws/notifications/``."""

from hubbub.django.audiences import TOPIC_KIND, audiences_of
from hubbub.engine.actor import Actor
from hubbub.engine.engine import Engine
from hubbub.engine.following import All
from hubbub.engine.sockets import Binding, socket
from hubbub.notifications.dialect import NOTIFICATION_DIALECT
from hubbub.notifications.policy import topic_of


@socket(r"notifications/")
async def notifications(engine: Engine, actor: Actor, params: dict[str, str]) -> Binding:
    """Signed-in users only: one's own notifications, and what is said to the audiences that one is in."""
    user_id = actor.require_user()

    def find() -> list[str]:
        return [audience.topic for audience in audiences_of(user_id)]

    return Binding(NOTIFICATION_DIALECT, [topic_of(user_id)], all=All(TOPIC_KIND, find))
