"""What notifications do by themselves: tell what is due, take back what has expired or is old."""

from functools import partial

from hubbub.django.retention import recur, register_pruner
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import actions

EXPIRED_EVERY = 60.0
DUE_EVERY = 20.0
"""How long what is due waits at most, should the process that was at it have died; else it is done in a second."""
AT_ONCE = 1000

register_pruner("old notifications", partial(actions.withdraw_old, SYSTEM))
register_pruner("expired notifications", partial(actions.withdraw_expired, SYSTEM))
register_pruner("notifications that could not be told", partial(actions.forget_given_up, SYSTEM))
# Nobody is to read for an hour what is of no more use.
recur("expired notifications", EXPIRED_EVERY, partial(actions.withdraw_expired, SYSTEM, AT_ONCE))
recur(actions.DUE_JOB, DUE_EVERY, actions.send_due)
