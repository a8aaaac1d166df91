"""Channels layers that any consumer can use by one line of ``CHANNEL_LAYERS``."""
