"""The mailboxes of a process, and the account of what did not fit."""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from hubbub.engine.logs import quiet_logger
from hubbub.layers.mailbox import Mailbox
from hubbub.layers.redis.codec import Codec, Unreadable

logger = quiet_logger("hubbub.layer")


class Mailboxes:
    """One mailbox for each channel of this process, on whichever loop it is read.

    ``drops`` counts messages that were dropped: ``full`` found a channel full, ``unreadable`` were no messages of this
    layer's.
    """

    def __init__(self, codec: Codec, capacity: Callable[[str], int], expiry: float) -> None:
        self.drops: Counter[str] = Counter()
        self._codec = codec
        self._capacity = capacity
        self._expiry = expiry
        self._boxes: dict[str, Mailbox] = {}

    def of(self, channel: str) -> Mailbox:
        """The channel's mailbox, made if need be."""
        found = self._boxes.get(channel)
        if found is None:
            found = self._boxes[channel] = Mailbox(self._capacity(channel), self._expiry)
        return found

    def find(self, channel: str) -> Mailbox | None:
        return self._boxes.get(channel)

    def put(self, channel: str, data: bytes) -> None:
        """Put in what came from a server for one channel."""
        self.put_all([channel], data, "")

    def put_all(self, channels: Iterable[str], data: bytes, group: str) -> None:
        """Put in what came from a server, decrypted once, for several channels; for a ``group`` if one is named."""
        try:
            revealed = self._codec.reveal(data)
        except Unreadable as error:
            self.unreadable(error)
            return
        for channel in channels:
            if not self.of(channel).put(revealed):
                self.full(channel, group)

    def full(self, channel: str, group: str) -> None:
        """Count and log a message that found the channel full."""
        self.drops["full"] += 1
        whose = f"to group {group}" if group else "sent to it"
        logger.warning("channel %s is full: a message %s was dropped", channel, whose)

    def unreadable(self, error: Unreadable) -> None:
        """Count and log what is no message."""
        self.drops["unreadable"] += 1
        logger.warning("what came by the channel layer could not be read: %s", error)

    def tidy(self, channel: str) -> None:
        """Forget the channel's mailbox if nothing waits there, and nobody for anything."""
        if (box := self._boxes.get(channel)) is not None and box.idle:
            del self._boxes[channel]

    def names(self, concerns: Callable[[str], bool]) -> list[str]:
        """The channels with a mailbox that are of concern."""
        return [channel for channel in list(self._boxes) if concerns(channel)]

    def wake_all(self, concerns: Callable[[str], bool]) -> None:
        """Let those who wait on these channels look again."""
        for channel in self.names(concerns):
            self.of(channel).wake()

    def sweep(self, keep: Callable[[str], bool]) -> None:
        """Forget what has expired, and mailboxes that nobody needs."""
        now = time.monotonic()
        for channel, box in list(self._boxes.items()):
            box.drop_expired(now)
            if not keep(channel):
                self.tidy(channel)

    def empty(self) -> None:
        """Forget every message."""
        for channel, box in list(self._boxes.items()):
            box.queue.clear()
            self.tidy(channel)
