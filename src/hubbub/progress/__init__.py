"""How far a user's background jobs are: shown while they run, and told when they have ended."""
