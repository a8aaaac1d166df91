"""What travels about e-mail digests."""

from typing import Annotated, Literal

import msgspec

Every = Literal["off", "soon", "hourly", "daily"]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class EmailDigests(msgspec.Struct):
    """How one is mailed what one hasn't read."""

    every: Every
    hour: int
    """Of the day, for daily ones."""
    timezone: str
    address: str
    """Where mails go; empty where no address of one's own is known, so that there are none."""


class NewEmailDigests(msgspec.Struct):
    """How one wants to be mailed; what is left out stays as it is."""

    every: Every | None = None
    hour: Hour | None = None
    timezone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """As the IANA names it: ``Europe/Berlin``. Quiet hours go by it too."""
