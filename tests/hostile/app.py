"""The application behind the tests' server: it echoes, in as many ways as the tests need."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Any

logger = logging.getLogger("hubbub.tests.app")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """ASGI application."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _websocket(scope, receive, send)
    else:
        await _http(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            logger.warning("lifespan shutdown ran")
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _websocket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    path = scope["path"]
    frames = scope["extensions"]["hubbub.frames"]
    if path.startswith("/late/"):
        logger.warning("handshake in progress")
        await asyncio.sleep(0.3)
        try:
            frames.write(b"")
        except RuntimeError:
            logger.warning("frame before the handshake refused")
    if path.startswith("/hold/"):
        frames.hold()
        for text in (b"first", b"second"):
            frames.direct.write(frames.frame(text))
        if path == "/hold/refused/":
            await send({"type": "websocket.close"})
            return
    await send({"type": "websocket.accept"})
    if path == "/hold/late/":
        frames.hold()
        frames.direct.write(frames.frame(b"third"))
    if path.startswith("/stall/"):
        await asyncio.sleep(3600)
    elif path.startswith("/flood/"):
        await _flood(frames)
    elif path.startswith("/listen/"):
        await _listen(frames, (await receive()).get("text"))
        return
    elif path.startswith("/client/"):
        await send({"type": "websocket.send", "text": f"{scope['client']} {scope['scheme']}"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            logger.warning("disconnect %s", message["code"])
            return
        text = message.get("text")
        if text == "close":
            await send({"type": "websocket.close", "code": 4010})
            try:
                frames.write(frames.frame(b"late"))
            except OSError:
                logger.warning("frame after the close refused")
            return
        if path.startswith("/frames/"):
            frames.write(frames.frame((text or "").encode()))
            await frames.drain()
        elif text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


async def _listen(frames: Any, first: str | None) -> None:
    """Echo the first message, and what follows by a listener: some of it waits in the queue, and in the inbox."""

    def echo(text: str | None) -> None:
        if text == "close":
            asyncio.ensure_future(frames.close(4010, "as asked"))  # noqa: RUF006
        else:
            if frames.direct is not None:
                frames.direct.write(frames.frame((text or "").encode()))

    echo(first)
    frames.listen(echo, lambda: logger.warning("the listener heard of the end"))


async def _flood(frames: Any) -> None:
    """Write to a client that doesn't read, until told that it is gone."""
    payload = frames.frame(b"x" * 60_000)
    most = sent = 0
    try:
        while True:
            frames.write(payload)
            sent += len(payload)
            most = max(most, frames.buffered())
            await asyncio.wait_for(frames.drain(), 1)
    except TimeoutError:
        logger.warning("drain waits; buffered at most %d of %d", most, sent)
    except OSError:
        logger.warning("gone")


async def _http(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    if scope["path"] == "/stream/":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    if scope["path"] != "/early/":
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                logger.warning("http disconnect")
                return
            size += len(message["body"])
            if not message["more_body"] and scope["path"] != "/stream/":
                break
    if scope["path"] == "/collect/":
        gc.disable()  # else the automatic collections hide what this one is to find
        answer = b"%d objects" % gc.collect()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
        return
    names = sorted(name.decode() for name, _ in scope["headers"])
    body = f"{size} {scope['client']} {scope['scheme']} {names}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
