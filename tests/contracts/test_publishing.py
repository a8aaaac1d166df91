"""``publish`` and its twin from wherever a project's code runs: nothing odd is raised, and no connection is left."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import channel_layers, get_channel_layer
from django.contrib.auth import get_user_model
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, transaction
from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from hubbub import Audience, aannounce, announce, apublish, apublish_ephemeral, publish, publish_ephemeral
from hubbub.django.models import Event
from hubbub.django.positions import at_one_moment
from hubbub.django.relay import from_message
from hubbub.django.streams import position_of
from hubbub.notifications import aschedule, aunschedule, awithdraw, schedule, unschedule, withdraw
from hubbub.progress.messages import ProgressAdvanced, ProgressStarted
from tests.contracts.databases import ALIAS, Database

TOPIC = "progress.1"
AT = datetime(2026, 11, 21, tzinfo=UTC)


def say(title: str) -> None:
    publish(TOPIC, ProgressStarted(1, title, AT))


async def asay(title: str) -> None:
    await apublish(TOPIC, ProgressStarted(1, title, AT))


def told() -> list[str]:
    return [title for (data,) in Event.objects.order_by("pk").values_list("data") for title in data.split('"')[5:6]]


def open_connection() -> Any:
    """That of the thread in which this is called; None where none is open."""
    return connections[ALIAS].connection


def test_threads(database: Database) -> None:
    """EVT-6: eight at once, each with a connection that is its own to close."""
    threads = [database.begin(lambda n=n: say(f"thread {n}")) for n in range(8)]  # type: ignore[misc]
    for each in threads:
        each.result(30)
    assert sorted(told()) == [f"thread {n}" for n in range(8)]
    assert [event.offset for event in Event.objects.order_by("pk")] == list(range(1, 9))


def test_a_signal_handler_in_a_transaction(database: Database) -> None:
    """EVT-6: what is rolled back was never published."""

    def tell(instance: Any, **kwargs: Any) -> None:
        say(instance.username)

    post_save.connect(tell, sender=get_user_model())
    try:
        with transaction.atomic():
            get_user_model().objects.create_user("ada")
            transaction.set_rollback(True)
        get_user_model().objects.create_user("bob")
    finally:
        post_save.disconnect(tell, sender=get_user_model())
    assert told() == ["bob"]


async def test_async_code(database: Database) -> None:
    """EVT-6: on a loop, in many tasks at once, and no connection is left in the thread that does it."""
    await asyncio.gather(*(asay(f"task {n}") for n in range(10)))
    assert await sync_to_async(open_connection)() is None
    assert len(await sync_to_async(told)()) == 10


@pytest.mark.parametrize("call", [say, lambda title: async_to_sync(asay)(title)], ids=["sync", "twin"])
def test_without_a_loop(database: Database, call: Callable[[str], None]) -> None:
    """EVT-6: the twin too, from synchronous code."""
    call("x")
    assert told() == ["x"]


async def test_the_plain_one_on_a_loop_says_what_to_write(database: Database) -> None:
    """EVT-6"""
    with pytest.raises(SynchronousOnlyOperation, match=r"write `await hubbub\.apublish\(\.\.\.\)`"):
        say("x")


async def test_what_else_is_called(database: Database) -> None:
    """EVT-6: announcing, schedules and taking back refuse a loop too, and their twins leave no connection."""
    ways: list[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
        (announce, aannounce, (Audience.everyone(), "Lunch"), {}),
        (schedule, aschedule, ("lunch", Audience.everyone(), "Lunch"), {"every": timedelta(hours=1)}),
        (unschedule, aunschedule, ("lunch",), {}),
        (withdraw, awithdraw, (), {"ids": [1]}),
    ]
    for plain, twin, given, options in ways:
        said = rf"write `await hubbub\.(notifications\.)?{twin.__name__}\("
        with pytest.raises(SynchronousOnlyOperation, match=said):
            plain(*given, **options)
        await twin(*given, **options)
        assert await sync_to_async(open_connection)() is None, twin


async def test_the_twin_is_part_of_the_transaction(database: Database) -> None:
    """EVT-6: async code that is called from synchronous code in ``atomic()``."""

    def in_transaction(title: str, keep: bool) -> None:
        with transaction.atomic():
            async_to_sync(asay)(title)
            transaction.set_rollback(not keep)
        connections[ALIAS].close()

    await sync_to_async(in_transaction)("kept", True)
    await sync_to_async(in_transaction)("undone", False)
    assert await sync_to_async(told)() == ["kept"]


def view(request: HttpRequest) -> HttpResponse:
    say("view")
    return HttpResponse()


async def async_view(request: HttpRequest) -> HttpResponse:
    await asay("async view")
    return HttpResponse()


urlpatterns = [path("view/", view), path("async/", async_view)]


@pytest.mark.urls(__name__)
async def test_views(database: Database) -> None:
    """EVT-6: each kind of view under each kind of server."""
    for url in ("/view/", "/async/"):
        assert (await AsyncClient().get(url)).status_code == 200
        assert (await asyncio.to_thread(_get, url)) == 200
    assert sorted(await sync_to_async(told)()) == ["async view", "async view", "view", "view"]


def _get(url: str) -> int:
    try:
        return Client().get(url).status_code
    finally:
        connections[ALIAS].close()


def test_ephemeral_events_leave_by_the_layer(valkey_url: str) -> None:
    """EVT-7: from synchronous code, from threads and from a loop; none of them waits, and their order stays."""
    layer = {"BACKEND": "hubbub.layers.redis.RedisLayer", "CONFIG": {"hosts": [valkey_url], "prefix": "anywhere"}}

    async def receive() -> list[str]:
        serving: Any = get_channel_layer()
        channel = await serving.new_channel("hubbub")
        await serving.group_add(TOPIC, channel)
        publish_ephemeral(TOPIC, ProgressAdvanced(1, 0.1, "loop"))
        await apublish_ephemeral(TOPIC, ProgressAdvanced(1, 0.2, "twin"))
        first = [await asyncio.wait_for(serving.receive(channel), 10) for _ in range(2)]
        thread = threading.Thread(target=lambda: publish_ephemeral(TOPIC, ProgressAdvanced(1, 0.3, "thread")))
        thread.start()
        messages = [*first, await asyncio.wait_for(serving.receive(channel), 10)]
        return [from_message(each).payload()["message"] for each in messages]

    with override_settings(CHANNEL_LAYERS={"default": layer}):
        channel_layers.backends.clear()
        try:
            assert asyncio.run(receive()) == ["loop", "twin", "thread"]
        finally:
            channel_layers.backends.clear()


def test_position_and_data_are_of_one_moment(database: Database) -> None:
    """DCL-5: whatever is committed while they are read."""
    with at_one_moment():
        assert position_of(TOPIC).offset == 0
        database.elsewhere(lambda: say("meanwhile"))
        assert told() == [] and position_of(TOPIC).offset == 0
    assert told() == ["meanwhile"] and position_of(TOPIC).offset == 1
