"""The same rules at random, against the engine in one process and against real ones: see docs/explanation."""
