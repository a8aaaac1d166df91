"""Hostile input against a real server process, over raw sockets."""
