"""A client in a process of its own, whichever language it is written in, as a test drives and watches it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from tests.durability.checker import Ack, ClientLog, Seen
from tests.waiting import wait_until

SECONDS = 30.0


class Driver:
    """The other end of ``drivers/``. Everything that it told is in ``told``, and as far as it counts in ``log``."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.log = ClientLog(name)
        self.told: list[dict[str, Any]] = []
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            match told["told"]:
                case "live":
                    self.log.began.setdefault(told["topic"], told["offset"])
                case "event":
                    self.log.seen.append(Seen(told["topic"], told["offset"], told["content"]))
                case "reply":
                    self.log.acks.append(Ack(told["content"], told["topic"], told["offset"], told["id"]))
            self.told.append(told)

    def tell(self, do: str, **fields: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
        self._process.stdin.flush()

    def start(
        self,
        url: str,
        token: str | None,
        topics: Sequence[str] = (),
        *,
        renewable: bool = False,
        queue: str | None = None,
        user: str = "",
    ) -> None:
        """Connect. ``user`` is the id of the queue's owner, for a client that starts while it is offline."""
        self.tell("start", url=url, token=token, renewable=renewable, queue=queue, topics=topics, user=user)

    def send(self, topic: str, *contents: str) -> None:
        """Queue messages; each is also its own ``client_id``."""
        for content in contents:
            self.log.sent.append((topic, content))
            self.tell("send", topic=topic, content=content)
        self.until(lambda: {told["content"] for told in self.of("queued")} >= set(contents), "queued")

    def appear(self, state: str | None = None, *, invisible: bool | None = None) -> None:
        """Say how its user is."""
        self.tell("appear", state=state, invisible=invisible)

    def states_of(self, user: int) -> list[str]:
        """What it was told of a user's presence, without repetitions."""
        told = [each["state"] for each in self.of("presence") if each["user"] == user]
        return [state for index, state in enumerate(told) if index == 0 or told[index - 1] != state]

    def of(self, what: str) -> list[dict[str, Any]]:
        return [told for told in list(self.told) if told["told"] == what]

    @property
    def statuses(self) -> list[str]:
        return [told["status"] for told in self.of("status")]

    def until(self, condition: Any, what: str) -> None:
        def met() -> object:
            assert self._process.poll() is None, f"{self.name} ended with {self._process.returncode}: {self.told[-5:]}"
            return condition()

        try:
            wait_until(met, what, SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.name} has told {self.told[-12:]}") from None

    def until_status(self, *statuses: str) -> None:
        """Wait until these are the latest, in this order."""
        self.until(lambda: self.statuses[-len(statuses) :] == list(statuses), f"status {statuses}")

    def until_live(self, *topics: str) -> None:
        self.until(lambda: self.log.began.keys() >= set(topics), "subscriptions")

    def until_seen(self, *contents: str) -> None:
        self.until(lambda: {seen.content for seen in list(self.log.seen)} >= set(contents), "events")

    def until_answered(self, *contents: str) -> None:
        self.until(lambda: {ack.content for ack in list(self.log.acks)} >= set(contents), "replies")

    def end(self) -> None:
        """Let it say goodbye."""
        if self._process.poll() is None:
            self.tell("end")
            assert self._process.wait(SECONDS) == 0
        self._over()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._process.kill()
        self._over()

    def _over(self) -> None:
        self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
