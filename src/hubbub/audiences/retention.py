"""What ends by itself."""

from functools import partial

from hubbub.audiences import actions
from hubbub.audiences.actions.groups import EXPIRY_JOB
from hubbub.django import retention
from hubbub.engine.actor import SYSTEM

retention.recur(EXPIRY_JOB, 60.0, partial(actions.end_expired, SYSTEM))
