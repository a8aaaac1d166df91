"""A push service of the tests' own, and browsers that subscribe to it: as RFC 8030, 8188, 8291 and 8292 have them.

It checks what it gets with other means than the code that it tests: the signature by hand, and by ``http_ece`` what
was encrypted.
"""

from __future__ import annotations

import json
import os
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Received:
    """A push that was taken: who signed it, and what it says to its browser."""

    claims: dict[str, Any]
    headers: dict[str, str]
    payload: dict[str, Any]


@dataclass
class Browser:
    """A subscription, with the keys that only a browser has."""

    service: PushService
    path: str
    server_key: str
    """What it was subscribed with: it takes pushes that are signed by that key."""
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """What its pushes are answered, one after the other; afterwards 201."""
    received: list[Received] = field(default_factory=list)
    asked: int = 0

    @property
    def endpoint(self) -> str:
        return f"{self.service.origin}{self.path}"

    def subscription(self, label: str = "") -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": encoded(point), "auth": encoded(self.secret), "label": label}

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [each.payload for each in self.received]


class Refused(Exception):
    """A push that no push service would take."""


class PushService:
    """On a loopback port, over plain HTTP."""

    def __init__(self) -> None:
        self.browsers: dict[str, Browser] = {}
        self.refused: list[str] = []
        self.behave: Callable[[Any], bool] | None = None
        """Called with the request's handler before anything else; True where it has answered."""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def browser(self, server_key: str) -> Browser:
        path = f"/push/{len(self.browsers)}"
        self.browsers[path] = Browser(self, path, server_key)
        return self.browsers[path]

    def take(self, browser: Browser, headers: dict[str, str], body: bytes) -> Received:
        """Raises Refused."""
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(each.strip().split("=", 1) for each in rest.split(",") if "=" in each)
        if scheme != "vapid" or parts.get("k") != browser.server_key:
            raise Refused("signed by another key than it was subscribed with")
        claims = self._claims(parts["t"], parts["k"])
        if claims["aud"] != self.origin or not str(claims["sub"]).startswith(("mailto:", "https:")):
            raise Refused(f"signed for another, or by nobody: {claims}")
        if not time.time() < claims["exp"] <= time.time() + 86_400:
            raise Refused(f"expired, or good for too long: {claims}")
        if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdigit():
            raise Refused("neither encrypted as it must be nor bounded in time")
        if len(body) > 4096 or len(headers.get("topic", "")) > 32:
            raise Refused("too long")
        text = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.secret, version="aes128gcm")
        return Received(claims, headers, json.loads(text))

    def _claims(self, token: str, key: str) -> dict[str, Any]:
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(decoded(part)) for part in signed.split("."))
        raw = decoded(signature)
        if header != {"typ": "JWT", "alg": "ES256"} or len(raw) != 64:
            raise Refused(f"signed in another way: {header}")
        r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
        try:
            public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise Refused("the signature is wrong") from None
        return dict(claims)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if service.behave is not None and service.behave(self):
                    return
                browser = service.browsers.get(self.path)
                if browser is None:
                    return self.answer(404)
                browser.asked += 1
                status, extra = browser.answers.pop(0) if browser.answers else (201, {})
                if status == 201:
                    try:
                        headers = {name.lower(): value for name, value in self.headers.items()}
                        browser.received.append(service.take(browser, headers, body))
                    except Exception as error:
                        service.refused.append(f"{type(error).__name__}: {error}")
                        status = 403
                self.answer(status, extra)

            def answer(self, status: int, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        return Handler


@contextmanager
def push_service() -> Iterator[PushService]:
    """Whatever it has refused fails the test."""
    service = PushService()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.server.shutdown()
        service.server.server_close()
        thread.join()
    assert not service.refused
