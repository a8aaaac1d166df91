"""Deliberate bugs, for tests only: the checker has to catch each. See ``tests/durability/test_faulty.py``."""
