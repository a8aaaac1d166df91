"""The topic of a user's notifications: everybody follows one's own, and nobody else's (rule NTF-1)."""

TOPIC_KIND = "notifications"


def topic_of(user_id: int | str) -> str:
    return f"{TOPIC_KIND}.{user_id}"
