"""Telling things later, and again and again (rule NTF-7)."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min
from django.utils import timezone

from hubbub.django.actions import action
from hubbub.django.audiences import Audience
from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.notifying import Level, Notice, check_audience, make_notice, tell
from hubbub.django.retention import do_by
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.notifications.actions.sending import send
from hubbub.notifications.models import Schedule, Scheduled
from hubbub.notifications.people import primary_keys
from hubbub.notifications.rules import Rule

logger = logging.getLogger("hubbub.notifications")

DUE_JOB = "scheduled notifications"
MOST_ATTEMPTS = 5
AGAIN_SECONDS = 30
"""How long until what failed is tried again; twice as long each time."""
AT_ONCE = 100


@action
def send_later(actor: Actor, user_ids: Sequence[Any], notice: Notice, at: datetime) -> None:
    """Notify users at a time."""
    target = " ".join(notice.target) if notice.target else ""
    text = msgspec.json.encode(notice).decode()
    Scheduled.objects.create(due_at=at, user_ids=[_plain(id) for id in user_ids], notice=text, target=target)
    do_by(DUE_JOB, at)


def _plain(id: Any) -> int | str:
    return id if isinstance(id, int) else str(id)


@action
def keep_schedule(actor: Actor, name: str, to: Any, user_ids: Sequence[Any], notice: Notice, rule: Rule) -> Schedule:
    """Make a schedule, or change the one of this name; where its rule stays, so does the time that is next."""
    fields = {each: getattr(notice, each) for each in ("title", "body", "kind", "level", "link", "group")}
    ruled = {each: getattr(rule, each) for each in ("every", "at", "days", "timezone")}
    audience = to.key if isinstance(to, Audience) else ""
    next_at = rule.next_after(timezone.now())
    # Two processes may start at once, and both call this for the first time.
    Schedule.objects.get_or_create(name=name, defaults={**ruled, "next_at": next_at})
    row = Schedule.objects.select_for_update().get(name=name)
    if row.next_at is None or ruled != {each: getattr(row, each) for each in ruled}:
        row.next_at, row.error = next_at, ""
    # Whether it is paused is for the admin to say.
    for field, value in {**fields, **ruled, "audience": audience}.items():
        setattr(row, field, value)
    row.save()
    row.users.set(user_ids)
    do_by(DUE_JOB, row.next_at or next_at)
    return row


@action
def save_schedule(actor: Actor, row: Schedule) -> None:
    """Save a schedule as somebody has edited it; it is due next by its rule. Raises ValueError where it has none."""
    next_at = check_schedule(row).next_after(timezone.now())
    row.next_at, row.error = next_at, ""
    row.save()
    do_by(DUE_JOB, next_at)


def check_schedule(row: Schedule) -> Rule:
    """Its rule. Raises ValueError where that, or what it tells, doesn't fit."""
    notice = notice_of(row)
    if row.audience:
        check_audience(Audience(row.audience), notice)
    return rule_of(row)


@action
def drop_schedule(actor: Actor, name: str) -> bool:
    """Let a schedule end. Returns whether there was one."""
    return bool(Schedule.objects.filter(name=name).delete()[0])


def _next_due() -> datetime | None:
    """When the next thing is to be told; None for nothing. Two queries, by their indexes."""
    once = Scheduled.objects.filter(given_up=False).aggregate(at=Min("due_at"))["at"]
    again = Schedule.objects.filter(active=True).aggregate(at=Min("next_at"))["at"]
    return min((at for at in (once, again) if at is not None), default=None)


def send_due() -> int:
    """Tell what is due, each in a transaction of its own, by whichever process locks it first. Returns how many."""
    done = 0
    while done < AT_ONCE and (_send_scheduled() or _send_again()):
        done += 1
    if not done and (at := _next_due()) is not None:
        do_by(DUE_JOB, at)
    return done


def _send_scheduled() -> bool:
    with transaction.atomic(using=database_alias()):
        due = Scheduled.objects.select_for_update(skip_locked=True).filter(given_up=False, due_at__lte=timezone.now())
        row = due.order_by("due_at").first()
        if row is None:
            return False
        if error := _try(lambda: _send(row)):
            row.attempts, row.error = row.attempts + 1, error
            row.given_up = row.attempts >= MOST_ATTEMPTS
            row.due_at = timezone.now() + timedelta(seconds=AGAIN_SECONDS * 2**row.attempts)
            row.save(update_fields=["attempts", "error", "given_up", "due_at"])
        else:
            # In the same transaction: who dies before has sent nothing, who dies after has nothing left to send.
            row.delete()
    return True


def _send(row: Scheduled) -> None:
    send(SYSTEM, primary_keys(row.user_ids), msgspec.json.decode(row.notice, type=Notice))


def _send_again() -> bool:
    with transaction.atomic(using=database_alias()):
        now = timezone.now()
        due = Schedule.objects.select_for_update(skip_locked=True).filter(active=True, next_at__lte=now)
        row = due.order_by("next_at").first()
        if row is None:
            return False
        row.error = _try(lambda: tell(recipients(row), notice_of(row)))
        if wrong := _try(lambda: _move_on(row, now)):
            # It would be the next one for ever, and hold up all others.
            row.next_at, row.error = None, wrong
        row.save(update_fields=["next_at", "error"])
    return True


def _move_on(row: Schedule, now: datetime) -> None:
    row.next_at = rule_of(row).next_after(now, row.next_at)


@action
def forget_given_up(actor: Actor, limit: int) -> int:
    """Delete what was given up ``NOTIFICATION_DAYS`` ago. Returns how many."""
    days = hubbub_settings().notification_days
    if not days:
        return 0
    old = Scheduled.objects.filter(given_up=True, due_at__lt=timezone.now() - timedelta(days=days))
    return Scheduled.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def _try(do: Callable[[], object]) -> str:
    """Do it in a savepoint. Returns why it failed, empty where it didn't; raises where the database is away."""
    try:
        with transaction.atomic(using=database_alias()):
            do()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("A scheduled notification could not be told.")
        return f"{type(error).__name__}: {error}"
    return ""


def recipients(row: Schedule) -> Any:
    return Audience(row.audience) if row.audience else [user.pk for user in row.users.all()]


def rule_of(row: Schedule) -> Rule:
    """Raises ValueError where it is none."""
    return Rule(row.every, row.at, row.days, row.timezone)


def notice_of(row: Schedule) -> Notice:
    """Raises ValueError where it is none."""
    level = cast(Level, row.level)
    return make_notice(row.title, body=row.body, kind=row.kind, level=level, link=row.link, group=row.group)
