"""Thin shells between a connection and a session."""
