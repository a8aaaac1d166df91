"""What announcements do when people come into an audience or go."""

from hubbub.announcements.actions import membership as membership
