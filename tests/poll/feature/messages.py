"""What goes over the wire: one class each."""

import msgspec

from hubbub import command, event


class Tally(msgspec.Struct):
    """Votes by option."""

    votes: dict[str, int]


@command("poll.vote", reply=Tally)
class Vote(msgspec.Struct):
    """Vote for an option, or change one's vote."""

    option: str
    client_id: str | None = None


@event("poll.voted")
class Voted(msgspec.Struct):
    """Somebody voted; this is how the poll stands now."""

    tally: Tally
