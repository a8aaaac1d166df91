"""A feature with a bug."""
