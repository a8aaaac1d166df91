"""Many clients in one process, which does nothing but read: stopped (SIGSTOP), none of them reads any more.

``python -m tests.durability.readers PORT TOPIC TOKEN...`` opens a socket for each token, and says ``ready`` once all of
them follow the topic.
"""

import json
import selectors
import socket
import sys
from contextlib import suppress

from tests.hostile.wire import TEXT, frame, handshake
from tests.services import HOST

RECEIVE_BYTES = 65_536
"""What the system takes for a client that does not read."""


def follow(port: int, topic: str, token: str) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    sock.connect((HOST, port))
    sock.sendall(handshake(f"/ws/?token={token}"))
    command = {"id": 1, "type": "subscribe", "topic": topic}
    said = b""
    while b'"ready"' not in said:
        said += sock.recv(65_536)
    sock.sendall(frame(TEXT, json.dumps(command).encode()))
    while b'"recovered"' not in said:
        said += sock.recv(65_536)
    sock.setblocking(False)
    return sock


def read_all(sockets: list[socket.socket]) -> None:
    """Until all of them have ended."""
    buffer = bytearray(65_536)
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, each)
        while selector.get_map():
            for key, _ in selector.select():
                size = 0
                with suppress(ConnectionError):
                    size = key.data.recv_into(buffer)
                if not size:
                    selector.unregister(key.data)


if __name__ == "__main__":
    port, topic, *tokens = sys.argv[1:]
    followers = [follow(int(port), topic, token) for token in tokens]
    print("ready", flush=True)
    read_all(followers)
