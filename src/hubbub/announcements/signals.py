"""What announcements do when people come into an audience or go, and when an audience is notified."""

from hubbub.announcements import ways as ways
from hubbub.announcements.actions import membership as membership
