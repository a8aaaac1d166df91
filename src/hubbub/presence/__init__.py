"""Presence: who is online, away, or was last seen when. In memory, never in the database. Can be left out."""
