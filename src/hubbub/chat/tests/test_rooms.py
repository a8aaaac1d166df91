"""Rooms by name, as sockets enter them by their URL."""

from typing import Any

import pytest

from hubbub.chat import actions, sockets
from hubbub.chat.models import Conversation
from hubbub.engine.actor import Actor, guest
from hubbub.protocol.close import Close
from hubbub.protocol.errors import Busy, Forbidden, HubbubError, NotAuthenticated, RateLimited
from hubbub.testing import LiveEngine
from hubbub.transports.websocket import code_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def limits(settings: Any) -> None:
    """Two new rooms for each user, and three for all guests of a network."""
    settings.HUBBUB = {"GUESTS": True, "LIMITS": {"conversations": "2/h", "guest_conversations": "3/h"}}


async def enter(live: LiveEngine, who: Actor, name: str) -> str:
    """The topic that a socket of this URL is bound to."""
    binding = await sockets.room(live.engine, who, {"name": name})
    return binding.topics[0]


async def test_a_room_that_exists_needs_no_writer(
    alice: Actor, bob: Actor, live: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHT-8: who comes back enters, however much waits to be written; only a new room waits with it."""
    made = await enter(live, alice, "garden")

    async def full(action: Any, *, topic: str) -> Any:
        raise Busy

    monkeypatch.setattr(live.engine.writer, "run", full)
    for who in (alice, bob):
        assert await enter(live, who, "garden") == made
    with pytest.raises(Busy):
        await enter(live, alice, "kitchen")


async def test_one_name_one_room(alice: Actor, live: LiveEngine) -> None:
    """CHT-8: also by URL, however the name is typed, and beside the command."""
    made = await enter(live, alice, "Ku\u0308che")
    assert await enter(live, alice, "K\u00fcche") == made
    assert (await live.run(actions.join_room, alice, "K\u00fcche")).conversation.topic == made


@pytest.mark.usefixtures("limits")
async def test_making_rooms_is_limited(alice: Actor, bob: Actor, live: LiveEngine) -> None:
    """LIM-2: a new room by URL counts like one by command; one that is there does not."""
    made = [await enter(live, alice, name) for name in ("one", "two")]
    with pytest.raises(RateLimited) as refused:
        await enter(live, alice, "three")
    assert code_for(refused.value) == Close.TRY_LATER
    for _ in range(5):
        assert [await enter(live, alice, name) for name in ("one", "two")] == made
    await enter(live, bob, "three")
    # Each connection is a new guest: those of one network are counted together.
    for n in range(3):
        await enter(live, guest(f"g{n}", "192.0.2.1"), f"guests-{n}")
    with pytest.raises(RateLimited):
        await enter(live, guest("g4", "192.0.2.1"), "guests-4")
    assert await enter(live, guest("g5", "192.0.2.1"), "one") == made[0]
    await enter(live, guest("g6", "198.51.100.1"), "elsewhere")
    assert await live.run(Conversation.objects.count) == 7


@pytest.mark.parametrize(
    ("guests", "who", "name", "error"),
    [(False, guest("1"), "garden", NotAuthenticated), (True, guest("1"), "a b", Forbidden)],
)
async def test_who_may_not(settings: Any, guests: bool, who: Actor, name: str, error: type[HubbubError]) -> None:
    settings.HUBBUB = {"GUESTS": guests}
    async with LiveEngine() as live:
        with pytest.raises(error):
            await enter(live, who, name)
    assert await LiveEngine().run(Conversation.objects.count) == 0
