"""Notifications: what concerns one user, kept until it is read and longer; the feature ``hubbub.notifications``."""
