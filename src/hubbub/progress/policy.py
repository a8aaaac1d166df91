"""Who may see a job: the user that it is done for, and nobody else."""

KIND = "progress"


def topic_of(user_id: int | str) -> str:
    """The topic of a user's jobs."""
    return f"{KIND}.{user_id}"
