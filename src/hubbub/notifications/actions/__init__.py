"""Everything that changes notifications. The only place that writes and publishes."""

from hubbub.notifications.actions.marking import mark, mark_all
from hubbub.notifications.actions.preferences import set_preference, set_quiet_hours
from hubbub.notifications.actions.scheduling import (
    DUE_JOB,
    check_schedule,
    drop_schedule,
    forget_given_up,
    keep_schedule,
    save_schedule,
    send_due,
    send_later,
)
from hubbub.notifications.actions.sending import send
from hubbub.notifications.actions.withdrawing import withdraw, withdraw_expired, withdraw_old

__all__ = [
    "DUE_JOB",
    "check_schedule",
    "drop_schedule",
    "forget_given_up",
    "keep_schedule",
    "mark",
    "mark_all",
    "save_schedule",
    "send",
    "send_due",
    "send_later",
    "set_preference",
    "set_quiet_hours",
    "withdraw",
    "withdraw_expired",
    "withdraw_old",
]
