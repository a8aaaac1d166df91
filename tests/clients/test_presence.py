"""Presence as both clients see it, through a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from hubbub.client import Client
from hubbub.protocol.errors import HubbubError
from hubbub.testing import Proxy
from tests.clients.conftest import StartDriver
from tests.clients.driver import Driver
from tests.clients.tokens import user_id
from tests.durability.world import World, make_world
from tests.services import LiveServer, live_servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("presence")) as start:
        yield start(env={"DJANGO_SETTINGS_MODULE": "tests.clients.presence_settings"})


@pytest.fixture
def world(server: LiveServer, request: pytest.FixtureRequest) -> World:
    """Two people with a group."""
    prefix = f"p{abs(hash(request.node.name)) % 10**8}-"
    return make_world(server, 2, rooms=0, groups=1, prefix=prefix)


async def test_what_the_server_says_to_it(server: LiveServer, world: World) -> None:
    """PRS-5: how it has the user now; an error where it refuses; and the end where there is no client any more."""
    async with Client(server.ws_url, token=next(iter(world.tokens.values()))) as client:
        assert not (await client.presence.set("online")).invisible
        first, second = client.presence.set(invisible=True), client.presence.set("away")
        assert (await first).invisible and (await second).invisible
        with pytest.raises(HubbubError) as refused:
            await client.presence.set(cast(Any, "asleep"))
        assert not refused.value.temporary
        assert (await client.presence.set("online", invisible=False)).state == "online"
    with pytest.raises(HubbubError):
        await client.presence.set("online")


class Two:
    """Ada looks at Bob and herself; Bob is behind a wire."""

    def __init__(self, server: LiveServer, world: World, start_driver: StartDriver, proxy: Proxy) -> None:
        mine, yours = world.tokens.values()
        self.ada, self.bob = start_driver("ada"), start_driver("bob")
        self.bob_id = int(user_id(yours))
        self.start_bob = lambda driver: driver.start(f"ws://127.0.0.1:{proxy.port}/ws/", yours)
        self.ada.start(server.ws_url, mine)
        self.ada.tell("watch", users=[self.bob_id, int(user_id(mine)), 987_654])
        self.until("offline")

    @property
    def states(self) -> list[str]:
        return self.ada.states_of(self.bob_id)

    def until(self, *states: str) -> None:
        """Wait until these are the last that Ada was told of Bob."""
        self.ada.until(lambda: self.states[-len(states) :] == list(states), f"bob to be {states}")


@pytest.fixture
def two(server: LiveServer, world: World, start_driver: StartDriver, proxy: Proxy) -> Two:
    return Two(server, world, start_driver, proxy)


def test_coming_being_and_going(two: Two) -> None:
    """PRS-1 PRS-2 PRS-3"""
    two.start_bob(two.bob)
    two.bob.appear("online")
    two.until("offline", "online")
    two.bob.appear("away")
    two.until("away")
    two.bob.kill()
    two.until("offline", "online", "away", "offline")
    assert not [told for told in two.ada.of("presence") if told["user"] == 987_654]


@pytest.mark.faults
def test_two_devices_and_one_goes(two: Two, start_driver: StartDriver) -> None:
    """PRS-1: online until the last."""

    def devices() -> int:
        return int([told["devices"] for told in two.ada.of("presence") if told["user"] == two.bob_id][-1])

    phone = start_driver("phone")
    for each in (two.bob, phone):
        two.start_bob(each)
        each.appear("online")
    two.ada.until(lambda: devices() == 2, "two devices")
    phone.kill()
    two.ada.until(lambda: devices() == 1, "one device")
    assert two.states == ["offline", "online"]
    two.bob.kill()
    two.until("offline", "online", "offline")


def test_a_client_that_says_nothing(two: Two) -> None:
    """PRS-1"""
    two.start_bob(two.bob)
    two.until("offline", "online")


def test_a_reconnect_is_not_noticed(two: Two, proxy: Proxy) -> None:
    """PRS-4: a client that comes back within the grace says again how it is, and nobody is told anything."""
    two.start_bob(two.bob)
    two.bob.appear("away")
    two.until("away")
    for _ in range(3):
        before = len(two.bob.statuses)
        proxy.cut()
        proxy.mend()
        two.bob.until(lambda seen=before: two.bob.statuses[seen:][-1:] == ["online"], "another connection")
    two.bob.appear("online")
    two.until("online")
    assert two.states in (["offline", "away", "online"], ["offline", "online", "away", "online"])


def test_invisible(two: Two, start_driver: StartDriver) -> None:
    """PRS-5: before the first moment, on every device, after a reconnect; and told to nobody but oneself."""
    two.start_bob(two.bob)
    two.bob.appear("online", invisible=True)
    two.bob.tell("watch", users=[two.bob_id])
    two.bob.until(lambda: any(told["invisible"] for told in two.bob.of("presence")), "to be invisible")
    phone: Driver = start_driver("phone")
    two.start_bob(phone)
    phone.tell("watch", users=[two.bob_id])
    phone.until(lambda: any(told["invisible"] for told in phone.of("presence")), "to be invisible there, too")
    phone.until(lambda: phone.states_of(two.bob_id)[-1] == "online", "to be online for oneself")
    assert two.states == ["offline"]
    phone.appear(invisible=False)
    two.until("offline", "online")
    two.bob.until(lambda: not two.bob.of("presence")[-1]["invisible"], "to be seen again")
    assert not any(told["invisible"] for told in two.ada.of("presence"))


def test_a_restart_of_the_server(two: Two, server: LiveServer) -> None:
    """PRS-3 PRS-5: clients watch again, and who was invisible is never seen."""
    two.start_bob(two.bob)
    two.bob.appear("online", invisible=True)
    two.bob.tell("watch", users=[two.bob_id])
    two.bob.until(lambda: any(told["invisible"] for told in two.bob.of("presence")), "to be invisible")
    server.restart()
    two.ada.until(lambda: two.ada.statuses[-1] == "online" and two.ada.statuses.count("online") > 1, "to be back")
    two.bob.until(lambda: two.bob.statuses[-1] == "online" and two.bob.statuses.count("online") > 1, "to be back")
    two.bob.appear(invisible=False)
    two.until("offline", "online")
    assert two.states == ["offline", "online"]
