"""What staff do to a running server."""

from hubbub.django.actions import action
from hubbub.django.publish import publish
from hubbub.engine.actor import Actor
from hubbub.engine.control import CONTROL_TOPIC, SessionClosed
from hubbub.inspector.policy import require_staff


@action
def close_session(actor: Actor, session: str) -> None:
    """Close one connection in whichever process it is. Raises Forbidden for who isn't staff."""
    require_staff(actor)
    publish(CONTROL_TOPIC, SessionClosed(session, actor.username), author=actor.key)
