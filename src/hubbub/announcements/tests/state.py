"""What a client of announcements knows, and how an event changes it: the model for every client."""

from typing import Any

Feed = dict[str, Any]
"""``{"announcements": [...], "unread": n}`` of ``announcements.subscribe``, the latest first."""


def apply(feed: Feed, topic: str, type: str, data: dict[str, Any]) -> Feed:
    """The feed after an event."""
    known = {each["id"]: each for each in feed["announcements"]}
    if type == "announcements.announced":
        known[data["announcement"]["id"]] = data["announcement"]
    elif type == "announcements.changed":
        if (before := known.get(data["announcement"]["id"])) is not None:
            own = {name: before[name] for name in ("seen", "acknowledged")}
            known[before["id"]] = {**data["announcement"], **own}
    elif type == "announcements.withdrawn":
        known.pop(data["id"], None)
    elif type == "announcements.seen_up_to":
        for each in known.values():
            each["seen"] = each["seen"] or each["number"] <= data["number"]
    elif type == "announcements.acknowledged":
        known[data["id"]]["acknowledged"] = True
    elif type == "announcements.joined":
        known |= {each["id"]: each for each in data["announcements"]}
    elif type == "announcements.left":
        known = {id: each for id, each in known.items() if each["audience"] != data["audience"]}
    listed = sorted(known.values(), key=lambda each: each["number"], reverse=True)
    return {"announcements": listed, "unread": sum(not (each["seen"] or each["acknowledged"]) for each in listed)}
