"""What progress does beside the messages: give up jobs whose process was killed, and forget old ones."""

from functools import partial

from hubbub.django import retention
from hubbub.engine.actor import SYSTEM
from hubbub.progress import actions

retention.recur("lost jobs", actions.ALIVE_SECONDS, partial(actions.give_up_lost, SYSTEM))
retention.register_pruner("ended jobs", partial(actions.prune, SYSTEM))
