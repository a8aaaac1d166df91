"""Announcements: said once to an audience, whatever its size; who has seen and acknowledged them."""
