"""A page subscribes from where it was rendered, and a front end from where its list was read."""

import html
import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from hubbub.protocol.frames import Position
from hubbub.testing.sync import SyncConnection, SyncEngine
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
