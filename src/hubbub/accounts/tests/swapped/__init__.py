"""A project with a user model of its own: e-mail addresses for names, UUIDs for ids, and little else."""
