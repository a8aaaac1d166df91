"""What things are called on the server: one name is a key and the name by which its changes are published."""


class Names:
    """Keys and published names of one layer, all with its prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()

    def group(self, group: str) -> bytes:
        """Where a group's messages are published; the key of its members that are read nowhere."""
        return b"%b:group:%b" % (self._prefix, group.encode())

    def inbox(self, inbox: str) -> bytes:
        """Where messages to the channels of one loop are published; the list of those that found nobody."""
        return b"%b:inbox:%b" % (self._prefix, inbox.encode())

    def queue(self, channel: str) -> bytes:
        """The queue of a channel that several processes may receive on; published when something came."""
        return b"%b:queue:%b" % (self._prefix, channel.encode())

    @property
    def everything(self) -> bytes:
        """A pattern for all keys."""
        escaped = b"".join(b"\\" + bytes([each]) if each in b"*?[]^\\" else bytes([each]) for each in self._prefix)
        return escaped + b":*"


def inbox_of(channel: str) -> str:
    """The inbox of a channel that belongs to one loop: what stands before the exclamation mark, from the last dot."""
    return channel.partition("!")[0].rpartition(".")[2]
