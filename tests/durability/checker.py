"""The checker that users have as well."""

from hubbub.bench.checker import Ack, ClientLog, Seen, Stored, Verdict, check

__all__ = ["Ack", "ClientLog", "Seen", "Stored", "Verdict", "check"]
