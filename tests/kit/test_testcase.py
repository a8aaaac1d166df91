"""Django's own test classes, without a fixture: both kinds, sync and async."""

from django.contrib.auth.models import User
from django.db import transaction
from django.test import TestCase, TransactionTestCase

from hubbub.chat import actions as chat
from hubbub.django.auth import actor_of_user
from hubbub.testing import ProjectEngine, SyncEngine


class Talk:
    """What holds in both; the classes below say with which transaction."""

    def make_people(self) -> None:
        self.ann = User.objects.create_user("ann")
        User.objects.create_user("ben")

    def make_group(self) -> str:
        return chat.create_conversation(actor_of_user(self.ann), ["ben"], "Plans").conversation.topic

    def test_sync(self) -> None:
        """EVT-3"""
        topic = self.make_group()
        with SyncEngine() as hub:
            alice = hub.connect(self.ann)
            alice.subscribe(topic)
            chat.send_message(actor_of_user(self.ann), topic, "by an action")
            alice.send("chat.send", topic, {"content": "by a command"})
            seen = [alice.event("chat.message_sent")["data"]["message"]["content"] for _ in range(2)]
            assert seen == ["by an action", "by a command"]
            with transaction.atomic():
                chat.send_message(actor_of_user(self.ann), topic, "undone")
                transaction.set_rollback(True)
            alice.no_event()

    async def test_async(self) -> None:
        """Django runs this on a loop in another thread, and the database in this one."""
        async with ProjectEngine() as hub:
            topic = await hub.run(self.make_group)
            alice = await hub.connect(self.ann)
            ben = await hub.connect(await User.objects.aget(username="ben"))
            for each in (alice, ben):
                await each.subscribe(topic)
            await alice.send("chat.send", topic, {"content": "hi"})
            assert (await ben.event("chat.message_sent"))["data"]["message"]["content"] == "hi"
            await hub.run(chat.send_message, actor_of_user(self.ann), topic, "there")
            assert (await ben.event())["offset"] == 2
            await ben.no_event()
            await hub.clock.advance(30)
            assert len(ben.of("ping")) == 1


class InOneTransaction(Talk, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people(cls)  # type: ignore[arg-type]


class WithRealCommits(Talk, TransactionTestCase):
    def setUp(self) -> None:
        self.make_people()
