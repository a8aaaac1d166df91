"""A feature that somebody else writes: what it takes to add one, and that nothing else has to change."""
