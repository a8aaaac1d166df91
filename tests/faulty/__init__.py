"""A deliberate bug, for tests only: the checker has to catch it. See ``tests/durability/test_faulty.py``."""
