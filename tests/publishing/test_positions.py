"""A page subscribes from where it was rendered, and a front end from where its list was read."""

import html
import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from hubbub.django.positions import at_one_moment
from hubbub.django.streams import position_of
from hubbub.protocol.frames import Position
from hubbub.testing.sync import SyncConnection, SyncEngine
from tests.contracts.databases import Database
from tests.publishing.board.models import Board, Task

pytestmark = [pytest.mark.urls("tests.publishing.board.views")]


@pytest.fixture
def kitchen(board: None, db: None) -> Board:
    kitchen = Board.objects.create(name="Kitchen")
    Task.objects.create(board=kitchen, title="Soap")
    return kitchen


@pytest.fixture
def reader(hubbub_sync: SyncEngine, kitchen: Board) -> SyncConnection:
    return hubbub_sync.connect(get_user_model().objects.create_user("ada"))


def test_a_page(reader: SyncConnection, kitchen: Board, client: Client) -> None:
    """DCL-5: what happens between rendering and subscribing is not missed."""
    topic = f"board.{kitchen.pk}"
    page = client.get(f"/boards/{kitchen.pk}/").content.decode()
    Task.objects.create(board=kitchen, title="Salt")
    assert "Soap" in page and "Salt" not in page
    since = json.loads(html.unescape(re.findall('data-since="(.*?)"', page)[0]))
    start = json.loads(re.findall(r'<script id="hubbub-start" type="application/json">(.*?)</script>', page)[0])
    assert start["socket"] == "/ws/" and start["positions"][topic] == since
    assert start["positions"]["notes"]["offset"] == 0
    answer = reader.subscribe(topic, since=Position(**since))
    assert [each["data"]["item"]["title"] for each in answer["events"]] == ["Salt"]


def test_a_response(reader: SyncConnection, kitchen: Board, client: Client) -> None:
    """DCL-5: of a list, which is no object here, and of one task."""
    topic = f"board.{kitchen.pk}"
    listed = client.get(f"/boards/{kitchen.pk}/tasks/")
    (task,) = listed.json()
    one = client.get(f"/boards/{kitchen.pk}/tasks/{task['id']}/")
    Task.objects.get().delete()
    assert listed.headers["Hubbub-Topic"] == topic
    epoch, _, offset = listed.headers["Hubbub-Position"].partition(":")
    assert one.json()["position"] == {"topic": topic, "epoch": epoch, "offset": int(offset)}
    answer = reader.subscribe(topic, since=Position(epoch, int(offset)))
    assert [each["type"] for each in answer["events"]] == ["board.task_deleted"]
    assert client.get(f"/boards/{kitchen.pk}/tasks/{task['id']}/").status_code == 404


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_position_and_data_are_of_one_moment(request: pytest.FixtureRequest, board: None, store: str) -> None:
    """DCL-5: whatever is committed while they are read."""
    database: Database = request.getfixturevalue(f"{store}_database")
    call_command("migrate", "board", verbosity=0)
    kitchen = Board.objects.create(name="Kitchen")
    topic = f"board.{kitchen.pk}"
    with at_one_moment():
        assert position_of(topic).offset == 0
        database.elsewhere(lambda: Task.objects.create(board=kitchen, title="Soap"))
        assert not Task.objects.exists() and position_of(topic).offset == 0
    assert Task.objects.exists() and position_of(topic).offset == 1
