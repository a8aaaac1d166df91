"""Several URLs in one text, as an environment variable has them."""

import re


def split_urls(text: str) -> list[str]:
    """The URLs, which commas part; so do those between the hosts of one of them."""
    return re.split(r",(?=[\w+]+://)", text)
