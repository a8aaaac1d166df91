"""The servers that are compared, by key."""

from benchmarks.servers.base import Running, Server
from benchmarks.servers.channels import CHANNELS_MEMORY, CHANNELS_REDIS
from benchmarks.servers.hubbub import HUBBUB
from benchmarks.servers.javascript import BARE_WS, BUN, SOCKET_IO, SOCKET_IO_RECOVERY
from benchmarks.servers.python_socketio import PYTHON_SOCKETIO

ALL: tuple[Server, ...] = (HUBBUB, CHANNELS_REDIS, CHANNELS_MEMORY, PYTHON_SOCKETIO, SOCKET_IO, BARE_WS, BUN)
"""In the order of the tables."""

__all__ = ["ALL", "BARE_WS", "BUN", "CHANNELS_MEMORY", "CHANNELS_REDIS", "HUBBUB", "PYTHON_SOCKETIO", "SOCKET_IO"]
__all__ += ["SOCKET_IO_RECOVERY", "Running", "Server"]
