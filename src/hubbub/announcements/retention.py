"""What announcements do beside the requests: they begin in time, and are forgotten."""

from functools import partial

from hubbub.announcements import actions
from hubbub.announcements.actions.announcing import DUE_JOB
from hubbub.django import retention
from hubbub.engine.actor import SYSTEM

retention.recur(DUE_JOB, 60.0, partial(actions.begin_due, SYSTEM))
retention.register_pruner("past announcements", partial(actions.prune_past, SYSTEM))
