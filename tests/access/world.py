"""The people of the table, the conversations that they are in or not, and how each of them signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

import hubbub
from hubbub.accounts import actions as accounts
from hubbub.audiences import actions as audiences
from hubbub.chat import actions as chat
from hubbub.chat import messages as wire
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM, Actor
from tests.access.table import ROLES

PASSWORD = "a long enough phrase"
ABSENT_ID = 987_654_321
SIGNED_IN = ROLES[2:]


@dataclass
class World:
    users: dict[str, User]
    group: wire.Conversation
    direct: wire.Conversation
    room: wire.Conversation
    message: wire.Message
    """One of the group's."""
    in_room: wire.Message
    managed: dict[str, int]
    """What staff look after: an ``announcement`` to everyone, which is to be acknowledged, a ``team``, a ``group``."""

    def user(self, role: str) -> User | None:
        return self.users.get(role)

    def actor(self, role: str) -> Actor:
        return actor_of_user(self.users[role])

    def topic(self, target: str) -> str:
        """``group``, ``direct``, ``room``, ``<kind>.<role>`` for a user's own, or a topic as it stands."""
        if target in ("group", "direct", "room"):
            topic: str = getattr(self, target).topic
            return topic
        kind, _, role = target.partition(".")
        return f"{kind}.{self.users[role].pk}" if kind != "audience" and role in self.users else target

    def tokens(self, role: str) -> Any:
        """A fresh refresh token, with its access token."""
        return accounts.sign_in_with_tokens(SYSTEM, self.users[role])

    def client(self, role: str, credential: str = "token") -> Client:
        """A client that sends the role's credential with each request."""
        if role not in self.users:
            return Client()
        if credential == "session":
            client = Client()
            client.force_login(self.users[role])
            return client
        return Client(headers={"Authorization": f"Bearer {self.tokens(role).access_token}"})


def make_world() -> World:
    users = {
        role: User.objects.create_user(role, password=PASSWORD, is_staff=role == "staff")
        for role in (*SIGNED_IN, "another", "victim")
    }
    maker, member, former = (actor_of_user(users[role]) for role in ("maker", "member", "former"))
    names = ["member", "former", "victim"]
    group = chat.create_conversation(maker, names, "Plans").conversation
    direct = chat.create_conversation(maker, ["member"]).conversation
    message = chat.send_message(former, group.topic, "while I was there").message
    chat.send_message(member, direct.topic, "between us")
    chat.remove_participants(maker, group.id, ["former"])
    chat.send_message(maker, group.topic, "now that former is gone")
    for each in (maker, member):
        room = chat.join_room(each, "garden").conversation
    in_room = chat.send_message(maker, room.topic, "for everybody").message
    managed = {
        "announcement": hubbub.announce(hubbub.Audience.everyone(), "Read this", acknowledge=True).pk,
        "team": audiences.create_team(SYSTEM, "Company").pk,
        "group": audiences.create_group(SYSTEM, "Party", [], timezone.now() + timedelta(hours=1)).pk,
    }
    apps = ("hubbub_announcements", "hubbub_audiences")
    users["staff"].user_permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
    return World(users, group, direct, room, message, in_room, managed)
