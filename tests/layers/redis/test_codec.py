"""Messages on the wire: plain msgpack, or encrypted with keys that can be changed while the layer runs."""

from __future__ import annotations

import asyncio
import pickle
import sys

import msgspec
import pytest
from channels.exceptions import MessageTooLarge
from django.core.exceptions import ImproperlyConfigured

from hubbub.layers.redis.codec import Codec
from tests.layers.redis.conftest import Make
from tests.layers.redis.valkey import Valkey


async def test_keys_can_be_changed_one_process_at_a_time(make: Make) -> None:
    """LAY-6: old and new processes read each other while both know both keys."""
    old = make(symmetric_encryption_keys=["old"])
    both = make(symmetric_encryption_keys=["old", "new"])
    new = make(symmetric_encryption_keys=["new", "old"])
    channels = {}
    for layer in (old, both, new):
        channels[layer] = await layer.new_channel()
        await layer.group_add("g", channels[layer])
    for sender in (both, new):
        await sender.group_send("g", {"type": "secret", "by": str(sender)})
    for layer in (both, new):
        for _ in range(2):
            assert (await asyncio.wait_for(layer.receive(channels[layer]), 5))["type"] == "secret"
    # Who has yet to learn the new key reads what is encrypted with the old, and drops the rest with a word.
    assert (await asyncio.wait_for(old.receive(channels[old]), 5))["type"] == "secret"
    assert old.drops == {"unreadable": 1}


async def test_nothing_is_readable_on_the_server(make: Make, valkey: Valkey) -> None:
    """LAY-6: with a key, what waits there is encrypted; without one it is msgpack, and never pickled."""
    clear = make(hosts=[valkey.url])
    hidden = make(hosts=[valkey.url], symmetric_encryption_keys=[b"key"], prefix="hidden")
    for layer in (clear, hidden):
        await layer.send("work", {"type": "x", "text": "a secret"})
    with valkey.client() as client:
        stored = {key: client.lindex(key, 0).partition(b" ")[2] for key in client.keys("*:queue:work")}
        inside = stored.pop(b"hidden:queue:work")
        [plain] = stored.values()
        assert msgspec.msgpack.decode(plain) == {"type": "x", "text": "a secret"}
        assert b"secret" not in inside
        # A forged message is no message, and never code that is run.
        client.rpush("hidden:queue:other", b"9999999999999 " + pickle.dumps({"type": "x"}))
        client.rpush("hidden:queue:other", b"9999999999999 " + inside)
    assert (await asyncio.wait_for(hidden.receive("other"), 5))["text"] == "a secret"
    assert hidden.drops == {"unreadable": 1}


def test_keys_are_a_list_and_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="list"):
        Codec("one key", 1000)
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(ImproperlyConfigured, match="hubbub\\[encryption\\]"):
        Codec(["a key"], 1000)


def test_the_limit_is_of_what_goes_over_the_wire() -> None:
    message = {"type": "x", "text": "x" * 800}
    assert len(Codec(None, 1000).pack(message)) < 1000
    with pytest.raises(MessageTooLarge):
        Codec(["key"], 1000).pack(message)
