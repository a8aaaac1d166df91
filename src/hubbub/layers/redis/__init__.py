"""A Channels layer on Redis or Valkey: ``CHANNEL_LAYERS = {"default": {"BACKEND": "hubbub.layers.redis.RedisLayer",
"CONFIG": {"hosts": ["redis://localhost:6379"]}}}``.
"""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

# Not an ImportError: Channels would hide what it says.
if find_spec("redis") is None:
    raise ImproperlyConfigured("hubbub.layers.redis needs redis-py. Install it: pip install 'hubbub[redis]'")

from hubbub.layers.redis.layer import RedisLayer

__all__ = ["RedisLayer"]
