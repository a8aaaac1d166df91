"""What a client has received, for people to read."""

from typing import Any

import msgspec

WIDTH = 240
"""Characters of one frame at most."""
LAST = 40
"""Frames that are shown at most, the newest."""


def describe(frame: dict[str, Any]) -> str:
    """One frame on one line."""
    known = {key: value for key, value in frame.items() if key in ("id", "type", "topic", "offset")}
    rest = {key: value for key, value in frame.items() if key not in known and key != "at"}
    parts = [str(known["type"])] if "type" in known else []
    parts += [f"#{known['id']}"] if "id" in known else []
    parts += [str(known["topic"])] if "topic" in known else []
    parts += [f"@{known['offset']}"] if known.get("offset") is not None else []
    text = " ".join([*parts, msgspec.json.encode(rest).decode() if rest else ""]).strip()
    return text if len(text) <= WIDTH else f"{text[:WIDTH]} … ({len(text)} characters)"


def transcript(frames: list[dict[str, Any]], unread: list[dict[str, Any]], closed: int | None) -> str:
    """All frames, one line each, with the events that nobody has asked for marked by a star."""
    state = "The connection is open." if closed is None else f"The connection is closed, {closed}."
    if not frames:
        return f"{state} Nothing was received."
    lines = [f"{state} Received, oldest first (* is an event not asked for yet):"]
    if len(frames) > LAST:
        lines.append(f"  … {len(frames) - LAST} earlier ones")
    waiting = {id(each) for each in unread}
    lines += [f"{'*' if id(each) in waiting else ' ':>3} {describe(each)}" for each in frames[-LAST:]]
    return "\n".join(lines)
