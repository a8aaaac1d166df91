"""What a project calls: the way of ``hubbub.notify`` to users, taking back, and schedules."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from hubbub.django.audiences import Audience
from hubbub.django.notifying import Level, Notice, check_audience, make_notice, register_way
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import actions
from hubbub.notifications.people import primary_keys
from hubbub.notifications.rules import Rule


def to_users(to: Any, notice: Notice, at: datetime | None = None) -> list[int]:
    """Notify them, now or at a time. Raises TypeError for what is neither a user nor several."""
    user_ids = primary_keys(to)
    if not user_ids:
        return []
    if at is not None and at > timezone.now():
        actions.send_later(SYSTEM, user_ids, notice, at)
        return []
    return actions.send(SYSTEM, user_ids, notice)


register_way("users", to_users)


def withdraw(*, ids: Sequence[int] = (), target: Model | None = None, group: str = "", to: Any = ()) -> int:
    """Take notifications back: these ids, or all about a target, or those of a group that the users ``to`` have.

    What was to be told later about the target isn't told either (rule NTF-6). Returns how many are gone, read ones too.
    Raises ValueError where nothing says which, SynchronousOnlyOperation in async code: there it is
    ``await awithdraw(…)``.
    """
    _refuse_in_loop("withdraw")
    return actions.withdraw(SYSTEM, ids=ids, target=target, group=group, user_ids=primary_keys(to) if group else ())


async def awithdraw(*, ids: Sequence[int] = (), target: Model | None = None, group: str = "", to: Any = ()) -> int:
    """``withdraw`` for coroutines. Raises what ``withdraw`` does."""
    return await in_thread(withdraw, ids=ids, target=target, group=group, to=to)


def schedule(
    name: str,
    to: Any,
    title: str,
    *,
    every: timedelta | None = None,
    at: time | str | None = None,
    days: str = "",
    timezone: str = "UTC",
    body: str = "",
    kind: str = "general",
    level: Level = "info",
    link: str = "",
    group: str = "",
) -> None:
    """Tell users or an audience something again and again, until ``unschedule(name)`` (rule NTF-7).

    ``every``: a span, 10 seconds at least, from now on. Or ``at``, a time of day (``"09:00"``) in ``timezone``, on all
    days or on ``days`` (``"mon thu"``). Called again with the same name it changes the schedule, so it can stand where
    it is called at every start; one that staff have paused stays so. A time that passes while no server runs is made
    up for once. Raises ValueError and TypeError for what doesn't fit, as an audience that isn't there, or a ``kind`` or
    ``group`` for one, SynchronousOnlyOperation in async code: there it is ``await aschedule(…)``.
    """
    _refuse_in_loop("schedule")
    rule = Rule(every, time.fromisoformat(at) if isinstance(at, str) else at, days, timezone)
    notice = make_notice(title, body=body, kind=kind, level=level, link=link, group=group)
    if isinstance(to, Audience):
        check_audience(to, notice)
    user_ids = [] if isinstance(to, Audience) else primary_keys(to)
    actions.keep_schedule(SYSTEM, name, to, user_ids, notice, rule)


async def aschedule(name: str, to: Any, title: str, **options: Any) -> None:
    """``schedule`` for coroutines, with the same arguments. Raises what ``schedule`` does."""
    await in_thread(schedule, name, to, title, **options)


def unschedule(name: str) -> bool:
    """End a schedule. Returns whether there was one.

    Raises SynchronousOnlyOperation in async code: there it is ``await aunschedule(…)``.
    """
    _refuse_in_loop("unschedule")
    return actions.drop_schedule(SYSTEM, name)


async def aunschedule(name: str) -> bool:
    """``unschedule`` for coroutines."""
    return await in_thread(unschedule, name)


def _refuse_in_loop(name: str) -> None:
    refuse_in_loop(f"notifications.{name}", f"`await hubbub.notifications.a{name}(...)`")
