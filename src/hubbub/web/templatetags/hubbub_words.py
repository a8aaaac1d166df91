"""How the page's first text is worded: as the script words it a moment later (``web/src/state/people.ts``)."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone

from hubbub.chat import messages as wire

register = template.Library()

COLOURS = 8


@register.filter
def name_of(person: wire.Person) -> str:
    """A person's full name, or else the user name."""
    return f"{person.first_name} {person.last_name}".strip() or person.username


@register.simple_tag(takes_context=True)
def title_of(context: Any, conversation: wire.Conversation) -> str:
    """What a conversation is called: its title, its room, or who else takes part."""
    if conversation.title or conversation.name:
        return conversation.title or conversation.name or ""
    me = (context["start"].account or {}).get("id")
    return ", ".join(name_of(each) for each in conversation.participants if each.id != me) or "Just you"


@register.filter
def colour_of(person: wire.Person) -> int:
    """Which of the palette's colours is a person's."""
    total = 0
    for letter in person.username if person.id == 0 else str(person.id):
        total = (total * 31 + ord(letter)) % 9973
    return total % COLOURS


@register.filter
def letter_of(text: str) -> str:
    return (text[:1] or "?").upper()


@register.filter
def short_time(at: datetime) -> str:
    """A time at a glance: relative up to a day, then the date."""
    age = timezone.now() - at
    if age < timedelta(minutes=1):
        return "just now"
    if age < timedelta(hours=1):
        return f"{age // timedelta(minutes=1)} min ago"
    if age < timedelta(days=1):
        return f"{age // timedelta(hours=1)} h ago"
    year = "" if at.year == timezone.now().year else f" {at.year}"
    return f"{at.day} {at:%b}{year}"
