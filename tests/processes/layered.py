"""The same on a channel layer that all processes share, over the Redis that LAYER_PORT names."""

from tests.processes.settings import *  # noqa: F403
from tests.troubleshooting.layered import CHANNEL_LAYERS as CHANNEL_LAYERS
