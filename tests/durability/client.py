"""The client that users have as well."""

from hubbub.bench.client import Client

__all__ = ["Client"]
