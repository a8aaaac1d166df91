"""What must hold once everything has healed and arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbub.chat import queries
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.auth import actor_of_user
from tests.model.device import Device, Followed, Sent, Violation
from tests.model.inbox import InboxDevice

if TYPE_CHECKING:
    from tests.model.world import World

RESUME_LIMIT = 5
"""Events; behind by more, a device may be told to start afresh."""


def check(world: World) -> None:
    """Raises Violation."""
    for device in world.devices:
        _check_device(world, device)
    _check_database(world)
    for user in sorted(world.members - world.inactive):
        _check_cursor(world, user)


def _check_device(world: World, device: Device) -> None:
    if device.user in world.inactive and device.online:
        raise Violation(f"{device.name} is still connected")
    for topic, reason, before, offset in device.resets:
        # Who knows already what the process has just heard of is told once too often, and misses nothing.
        if before is None or before.offset != offset:
            _check_reset(world, device, topic, reason, before)
    device.resets.clear()
    for topic, followed in device.followed.items():
        for offset, type, about in followed.events:
            if world.log[topic].get(offset) != (type, about):
                raise Violation(
                    f"{device.name} saw {type} {about} at {topic} {offset}, where the log has "
                    f"{world.log[topic].get(offset)}"
                )
    if not device.online:
        return
    if waiting := [what for what, _ in device.unanswered.values() if what != "chat.send"]:
        raise Violation(f"{device.name} has no answer to {waiting}")
    live = set(device.live)
    if isinstance(device, InboxDevice) and device.following and device.user in world.members:
        # What has ended on the connection may have gone on, and nothing have happened since.
        if world.group not in device.live | (device.again & device.followed.keys()):
            raise Violation(f"{device.name} does not follow {world.group}, which is in its list")
        live.add(world.group)
    for topic in live:
        if topic == world.group and device.user not in world.members:
            raise Violation(f"{device.name} still follows {topic}")
        if device.followed[topic].offset != world.top(topic):
            raise Violation(f"{device.name} stands at {device.followed[topic]}, {topic} at {world.top(topic)}")


def _check_reset(world: World, device: Device, topic: str, reason: str, before: Followed | None) -> None:
    after = device.followed.get(topic)  # None where it was sent away after that.
    if before is None:
        right = False
    elif reason == "epoch":
        # Once too often does no harm: a client may know of it before its process does.
        right = after is None or before.epoch != after.epoch or world.epochs > 0
    elif reason == "inbox":  # All topics share what a reply may bring back, and the reply says of none why not.
        right = True
    elif reason == "too_old":
        # Or its process was that far behind, and can't know who of its followers is not.
        right = topic in world.first
    else:
        right = world.top(topic) - before.offset > RESUME_LIMIT
    if not right:
        raise Violation(f"{device.name} was told {reason} in {topic}, and stood at {before}")


def _check_database(world: World) -> None:
    world.harvest()
    for topic in (world.group, world.room):
        rows = list(Message.objects.filter(conversation_id=world.id_of(topic)).order_by("number"))
        top = Conversation.objects.get(pk=world.id_of(topic)).top_number
        if [row.number for row in rows] != list(range(1, top + 1)):
            raise Violation(f"{topic} has the numbers {[row.number for row in rows]}, and {top} as its last")
        told = [about for _, (type, about) in sorted(world.log[topic].items()) if type == "chat.message_sent"]
        if told != [row.pk for row in rows]:
            raise Violation(f"{topic} tells of {told}, and has {[row.pk for row in rows]}")
    for message in world.sent:
        _check_sent(world, message)


def _check_sent(world: World, message: Sent) -> None:
    there = [id for id, content in world.texts.items() if content == message.content]
    if len(there) > 1:
        raise Violation(f"{message.content} stands {len(there)} times in the table")
    if message.refused and there:
        raise Violation(f"{message.content} was refused, and is there")
    if message.reply is not None:
        id, offset = message.reply["message"]["id"], message.reply["offset"]
        if there != [id] or world.log[message.topic].get(offset) != ("chat.message_sent", id):
            raise Violation(f"{message.content} was answered {message.reply}, and is lost or elsewhere")


def _check_cursor(world: World, user: str) -> None:
    """The read cursor is where the user's own messages and answers have moved it, and so is what is unread."""
    row = Participant.objects.get(conversation_id=world.id_of(world.group), user=world.users[user])
    own = Message.objects.filter(conversation_id=world.id_of(world.group), sender=world.users[user])
    numbers = own.filter(number__gt=world.base[user]).values_list("number", flat=True)
    known = max([world.base[user], *numbers, *world.numbers[user]])
    if row.read_number < known or (row.read_number > known and user not in world.unsure):
        raise Violation(f"{user}'s cursor stands at {row.read_number}, and was moved to {known}")
    top = Conversation.objects.get(pk=world.id_of(world.group)).top_number
    listed = {each.topic: each for each in queries.conversation_list(actor_of_user(world.users[user]))}
    shown = listed[world.group]
    if (shown.unread, shown.read_number, shown.top_number) != (top - row.read_number, row.read_number, top):
        raise Violation(f"{user}'s list says {shown}, with {top} messages and a cursor at {row.read_number}")
