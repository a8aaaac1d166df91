"""Polls: vote for an option, and everybody who follows the poll sees how it stands."""
