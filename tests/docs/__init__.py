"""The pages of `docs/` are followed word for word: what they say is what happens."""
