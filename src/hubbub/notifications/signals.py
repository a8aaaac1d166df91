"""What notifications bring to ``hubbub.notify``, and how they go on from there."""

from hubbub.notifications import delivering as delivering
from hubbub.notifications import ways as ways
