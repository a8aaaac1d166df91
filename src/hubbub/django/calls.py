"""Calls: actions with their arguments, as writers carry them out, each once for its ``client_id``."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import IntegrityError

from hubbub.django.receipts import find, leave, reply
from hubbub.django.transactions import MayBeDone
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData, HubbubError

if TYPE_CHECKING:
    from hubbub.django.actions import Action

T = TypeVar("T")

MAX_CLIENT_ID = 64


class Call(Generic[T]):
    """An action with its arguments, the actor first. Called, it is carried out in the transaction that is open.

    ``client_id`` is empty where the call has none. Raises BadData for one that is too long or holds NUL.
    """

    __slots__ = ("action", "actor", "args", "client_id", "kwargs")

    def __init__(self, action: "Action[..., T]", actor: Actor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.action = action
        self.actor = actor
        self.args = args
        self.kwargs = kwargs
        given = kwargs.get("client_id")
        self.client_id = given if isinstance(given, str) else ""
        if len(self.client_id) > MAX_CLIENT_ID or "\x00" in self.client_id:
            raise BadData(f"A client_id is at most {MAX_CLIENT_ID} characters, without NUL.")

    @property
    def key(self) -> Hashable:
        """Calls of one key happen once (rule ACK-2)."""
        return (self.actor.key, self.client_id) if self.client_id else self

    @property
    def topic(self) -> str:
        """The topic whose order it keeps; empty for none."""
        return self.action.topic_of(self.args, self.kwargs)

    def __call__(self) -> T:
        return only(carry_out([self]))


def carry_out(calls: Sequence[Call[T]]) -> list[T | HubbubError]:
    """Carry out calls of one action, several only where it has a ``together``, in the transaction that is open.

    A call that was carried out before gets its first reply, and so does one that comes twice (rules ACK-2 and
    ACK-3). Raises MayBeDone where another process may have been faster.
    """
    try:
        return _carry_out(calls)
    except IntegrityError as error:
        if any(call.client_id for call in calls):
            raise MayBeDone from error
        raise


def _carry_out(calls: Sequence[Call[T]]) -> list[T | HubbubError]:
    found = find(calls)
    fresh: dict[Hashable, Call[T]] = {}
    for call in calls:
        if call.key not in found:
            fresh.setdefault(call.key, call)
    done: list[T | HubbubError] = _perform(list(fresh.values()))
    outcomes = dict(zip(fresh, done, strict=True))
    left = leave((call, outcomes[key]) for key, call in fresh.items())
    known = found | left
    return [
        outcomes[call.key] if fresh.get(call.key) is call or call.key not in known else reply(call, known[call.key])
        for call in calls
    ]


def _perform(calls: list[Call[T]]) -> list[T | HubbubError]:
    if len(calls) > 1:
        group = calls[0].action.group
        assert group is not None
        return group([call.action.item(call.actor, *call.args, **call.kwargs) for call in calls])
    return [call.action.function(call.actor, *call.args, **call.kwargs) for call in calls]


def only(outcomes: list[T | HubbubError]) -> T:
    """What came of a single call. Raises its error."""
    [outcome] = outcomes
    if isinstance(outcome, HubbubError):
        raise outcome
    return outcome
