"""Rooms with python-socketio, as its documentation has them."""

from typing import Any

import socketio

sio = socketio.AsyncServer(async_mode="asgi")
app = socketio.ASGIApp(sio)


@sio.event
async def join(sid: str, room: str) -> None:
    await sio.enter_room(sid, room)
    await sio.emit("joined", room, to=sid)


@sio.event
async def say(sid: str, data: dict[str, Any]) -> None:
    await sio.emit("said", data, room=data["room"])
