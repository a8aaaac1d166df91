"""``revoke``: who may not follow a topic any more (rule SUB-4)."""

from typing import Any

from hubbub.django.publish import publish
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.actor import user_key
from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked
from hubbub.protocol.topics import check_topic


def revoke(user: Any, topic: str, *, reason: str = "removed") -> None:
    """Let no open socket of a user follow a topic any longer, in whatever process, once the transaction is committed.

    Who may follow a topic is asked when somebody begins to: call this where somebody loses that right, in the same
    transaction. It takes no right away by itself: who still has it may follow the topic again. ``user`` is a user, or
    the primary key; ``reason`` is what the client is told. Raises BadFrame for an illegal topic,
    SynchronousOnlyOperation in async code.
    """
    refuse_in_loop("revoke")
    check_topic(topic)
    publish(CONTROL_TOPIC, AccessRevoked(user_key(getattr(user, "pk", user)), topic, reason))


async def arevoke(user: Any, topic: str, *, reason: str = "removed") -> None:
    """``revoke`` for async code."""
    await in_thread(revoke, user, topic, reason=reason)
