"""What notifications bring to ``hubbub.notify``."""

from hubbub.notifications import ways as ways
