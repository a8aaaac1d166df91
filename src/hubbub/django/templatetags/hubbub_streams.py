"""``{% load hubbub_streams %}``: where a page's topics stand, so that its script subscribes from there (rule DCL-5)."""

import msgspec
from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from hubbub.django.positions import page_start
from hubbub.django.streams import position_of

register = template.Library()


@register.simple_tag
def stream_position(topic: str) -> str:
    """The topic's position as JSON: ``data-since="{% stream_position "board.7" %}"``.

    Write it above what the page shows of the topic, or render the page ``at_one_moment``.
    """
    return msgspec.json.encode(position_of(topic)).decode()


@register.simple_tag
def stream_start(*topics: str) -> SafeString:
    """All that the page's script needs to follow topics, as JSON in the element ``hubbub-start``.

    ``{% stream_start "board.7" "notes" %}``: ``{"socket": "/ws/", "positions": {"board.7": {...}, ...}}``.
    """
    return json_script(page_start(*topics), "hubbub-start")
