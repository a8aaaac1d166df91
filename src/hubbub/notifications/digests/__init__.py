"""E-mail digests: unread notifications of the kinds whose channel ``email`` is on, gathered (rules PSH-8 and PSH-9)."""
