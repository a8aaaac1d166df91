"""Checking what handshakes bring along: those that wait at the same time are checked together.

A hop to a thread costs as much as a query, and both cost for fifty credentials hardly more than for one. So while one
batch is checked the next gathers, as with the writer's commits.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError

from hubbub.django.transactions import as_busy, give_back, renew_connections
from hubbub.engine.actor import Actor

Outcome = Actor | None | BaseException
"""Whose a credential is, None for nobody's; or why it is not good."""

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of credential, and how it is checked."""

    check: Callable[[Any], Actor | None]
    """Raises NotAuthenticated. May block, unless ``at_once``."""
    check_all: Callable[[Sequence[Any]], Sequence[Outcome]] | None = None
    """The same for many, in their order; it raises only where the database does not answer."""
    at_once: bool = False
    """Whether the check never blocks."""


@dataclass(frozen=True, slots=True)
class Credential:
    kind: Kind
    value: Any

    def check(self) -> Actor | None:
        """Whose it is, None for nobody's. Raises NotAuthenticated. May block."""
        return self.kind.check(self.value)


class Checks:
    """Checks credentials where that may block. Belongs to one event loop."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._waiting: dict[Hashable, list[tuple[Any, asyncio.Future[Actor | None]]]] = {}
        self._busy: set[Hashable] = set()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="hubbub-check")

    async def check(self, credential: Credential) -> Actor | None:
        """Whose it is, None for nobody's. Raises NotAuthenticated, and Busy without a database."""
        kind = credential.kind
        if kind.at_once:
            return credential.check()
        if kind.check_all is None:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._check_one, credential)
        outcome: asyncio.Future[Actor | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(kind, []).append((credential.value, outcome))
        if kind not in self._busy:
            self._check_soon(kind)
        return await outcome

    def _check_soon(self, kind: Kind) -> None:
        """Begin a batch in the next turn of the loop, of all that has come until then."""
        self._busy.add(kind)
        # A batch of one costs as much as a batch of ten.
        asyncio.get_running_loop().call_later(0, self._check_waiting, kind)

    def _check_waiting(self, kind: Kind) -> None:
        waiting = self._waiting[kind]
        batch, self._waiting[kind] = waiting[:MOST_AT_ONCE], waiting[MOST_AT_ONCE:]
        values = [value for value, _ in batch]
        work = asyncio.get_running_loop().run_in_executor(self._pool, self._check_all, kind, values)
        work.add_done_callback(partial(self._checked, kind, [outcome for _, outcome in batch]))

    def _checked(
        self,
        kind: Kind,
        waiting: "Sequence[asyncio.Future[Actor | None]]",
        work: "asyncio.Future[Sequence[Outcome]]",
    ) -> None:
        self._busy.discard(kind)
        for future, outcome in zip(waiting, work.result(), strict=True):
            if future.done():
                continue  # Whoever asked has gone.
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if self._waiting[kind]:
            self._check_soon(kind)

    def _check_all(self, kind: Kind, values: list[Any]) -> Sequence[Outcome]:
        assert kind.check_all is not None
        try:
            renew_connections(self._alias)
            return kind.check_all(values)
        except (OperationalError, InterfaceError) as error:
            return [as_busy(error)] * len(values)
        except Exception:  # Only one of them failed, perhaps.
            return [self._outcome(Credential(kind, value)) for value in values]
        finally:
            give_back(self._alias)

    def _outcome(self, credential: Credential) -> Outcome:
        try:
            return self._check_one(credential)
        except Exception as error:
            return error

    def _check_one(self, credential: Credential) -> Actor | None:
        try:
            renew_connections(self._alias)
            return credential.check()
        except (OperationalError, InterfaceError) as error:
            raise as_busy(error) from error
        finally:
            give_back(self._alias)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
