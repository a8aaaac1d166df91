"""A Channels project: consumers and a layer of its own, and Channels' authentication around it all."""

from tests.projects.settings.base import *

ASGI_APPLICATION = "tests.projects.channels.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
