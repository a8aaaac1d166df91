"""Processes that serve: how they begin, share the work, and end."""
