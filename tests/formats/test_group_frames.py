"""Frames made from what other code sends: whatever it is, clients find what they rely on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubbub.chat.dialects.conversation import conversation_dialect
from hubbub.chat.dialects.room import room_dialect
from hubbub.protocol.dialect import V1_DIALECT, Dialect
from hubbub.protocol.frames import Event
from hubbub.protocol.grouped import GROUP_SENT, Frame, as_notification, frame_of, read_message

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = "2026-03-01T12:00:00Z"
ROOM, LOBBY, PLAIN = room_dialect("chat.1"), room_dialect("chat.1", "chat"), room_dialect("chat.1", plain=True)
CONVERSATION = conversation_dialect("chat.1")


def shown(dialect: Dialect, **message: Any) -> Any:
    """What a socket of this format is sent."""
    raw = msgspec.json.encode(read_message(message))
    text = dialect.event(Event("chat.1", GROUP_SENT, raw, created_at=AT))
    return None if text is None else msgspec.json.decode(text)


def noticed(**message: Any) -> Frame:
    """What notification sockets are sent."""
    return as_notification(frame_of(read_message(message), AT), AT)


def by(name: str, message: str, **more: Any) -> Frame:
    return {"username": name, "user": name, "message": message, "timestamp": NOW, **more}


@pytest.mark.parametrize("type", ["notification_message", "notification.message"])
def test_notifications(type: str) -> None:
    """FMT-2, FMT-3, FMT-4: on every socket, other fields are passed on."""
    sent = {"type": type, "title": "New task", "message": "Water", "timestamp": NOW, "level": "info", "id": 7}
    notification = {**sent, "type": "notification"}
    assert noticed(**sent) == notification
    assert shown(CONVERSATION, **sent) == notification
    assert shown(ROOM, **sent) == notification | by("System", "Water")
    assert shown(CONVERSATION, type=type) == {
        "type": "notification",
        "title": "Notification",
        "message": "",
        "timestamp": NOW,
    }
    assert noticed(type=type, timestamp="soon")["timestamp"] == "soon"


@pytest.mark.parametrize("title", [None, "", "  "])
def test_a_title_is_always_there(title: str | None) -> None:
    """FMT-3: whatever the type."""
    for frame in (noticed(type="maintenance_alert", title=title), noticed(type="maintenance.alert")):
        assert frame == {
            "type": "maintenance_alert",
            "title": "Notification",
            "message": "",
            "timestamp": NOW,
        }


@pytest.mark.parametrize("type", ["chat_message", "chat.message"])
def test_messages(type: str) -> None:
    """FMT-2, FMT-4: as the room's own, `System` where nobody is named."""
    assert shown(ROOM, type=type, message="hi") == {"type": "chat_message", **by("System", "hi")}
    assert shown(LOBBY, type=type, message="hi", user="bob") == {"type": "chat", **by("bob", "hi")}
    named = {"type": "chat_message", **by("eve", "hi")}
    assert shown(PLAIN, type=type, message="hi", user={"username": "eve"}) == named
    assert shown(CONVERSATION, type=type, message="hi", username="eve") == named


def test_coming_and_going() -> None:
    """FMT-4"""
    assert shown(ROOM, type="user_left", username="bob") == {"type": "user_left", **by("bob", "bob left the room")}
    assert shown(ROOM, type="user.joined", user="bob")["message"] == "bob joined the room"
    assert shown(ROOM, type="user_left", username="bob", message="bye")["message"] == "bye"


def test_typing() -> None:
    """FMT-4: as the room's own; a socket that knows no typing gets none."""
    typing = {"type": "typing", **by("bob", ""), "is_typing": False}
    assert shown(ROOM, type="typing", username="bob", is_typing=0, message="x") == typing
    assert shown(PLAIN, type="typing", username="bob", is_typing=True) is None


def test_errors() -> None:
    """ERR-1: the one shape of every error."""
    error = {"type": "error", "code": "internal", "error": "Oh", "message": "Oh", "username": "System"}
    assert frame_of(read_message({"type": "error", "error": "Oh", "username": "bob"}), AT) == error
    assert shown(ROOM, type="error", message="Oh") == {**error, "user": "System", "timestamp": NOW}


@pytest.mark.parametrize("type", ["chat_history", "chat.history", "connection_established", "ping"])
def test_what_rooms_are_not_sent(type: str) -> None:
    """FMT-4"""
    assert shown(ROOM, type=type, messages=[]) is None


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "new_message", "message_id": 7},
        {"type": "new.message", "message": {"id": 7}},
        {"type": "message_deleted", "message_id": 7},
        {"type": "typing", "is_typing": True},
        {"type": "connection_established"},
        {"type": "ping"},
        {"type": "error", "message": "no"},
        {"type": "delete_message", "message_id": 7},
    ],
)
def test_frames_of_conversations_cannot_be_pretended(sent: Frame) -> None:
    """FMT-5"""
    assert shown(CONVERSATION, **sent) is None


@pytest.mark.parametrize(
    ("given", "shows"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.678+00:00", "2026-01-02T03:04:05.678+00:00"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"),
        ("2026-01-02 03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("0001-01-01T00:00:00+10:00", NOW),
        ("soon", NOW),
        ("", NOW),
        (None, NOW),
        (7, NOW),
    ],
)
def test_times_in_rooms_are_utc(given: Any, shows: str) -> None:
    """FMT-4"""
    assert shown(ROOM, type="x", timestamp=given)["timestamp"] == shows


def test_the_full_protocol_shows_nothing() -> None:
    assert shown(V1_DIALECT, type="chat_message", message="hi") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["username", "user", "message", "timestamp", "title", "error", "code", "is_typing", "level"])
TYPES = st.sampled_from(
    ["chat_message", "notification_message", "typing", "user_left", "user_joined", "error", "chat", "announcement"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TYPES, st.dictionaries(FIELDS, JSON))
def test_whatever_is_sent(type: str, fields: Frame) -> None:
    """FMT-3, FMT-4: the fields that clients print are text, always."""
    sent = {**fields, "type": type}
    for dialect in (ROOM, LOBBY):
        frame = shown(dialect, **sent)
        assert all(isinstance(frame[name], str) for name in ("type", "username", "user", "message", "timestamp"))
        assert frame["user"] == frame["username"]
        offset = datetime.fromisoformat(frame["timestamp"]).utcoffset()
        assert offset is not None and not offset
    frame = noticed(**sent)
    assert all(isinstance(frame[name], str) for name in ("type", "title", "message", "timestamp"))
    assert frame["title"]
