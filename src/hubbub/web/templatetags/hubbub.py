"""``{% load hubbub %}``: chat in a project's own pages."""

from typing import Any

from django import template
from django.conf import settings
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from django.utils.html import format_html, json_script
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from hubbub.web.page import page_config

register = template.Library()


@register.simple_tag(takes_context=True)
def hubbub_chat(
    context: template.Context, room: str = "", conversation: Any = None, sign_in: str | None = None
) -> SafeString:
    """A conversation: ``{% hubbub_chat room="general" %}`` or ``{% hubbub_chat conversation=team.chat_id %}``.

    ``sign_in`` is where people sign in, as a path or a URL's name; LOGIN_URL where the project has it. It needs no
    inline script or style. Raises TemplateSyntaxError for both or neither of the two.
    """
    if bool(room) == (conversation is not None):
        raise template.TemplateSyntaxError("hubbub_chat takes either room= or conversation=.")
    what = ("room", room) if room else ("conversation", str(int(conversation)))
    return format_html(
        '<hubbub-chat {}="{}"{}></hubbub-chat>{}<script type="module" src="{}"></script>',
        *what,
        _sign_in(context.get("request"), sign_in),
        json_script(page_config(), "hubbub-page"),
        static("hubbub/embed.js"),
    )


def _sign_in(request: Any, wanted: str | None) -> SafeString | str:
    """The attribute that leads to the sign-in page and back here; none where the project has no such page."""
    if wanted is None:
        wanted = resolve_url(settings.LOGIN_URL)
        try:
            resolve(wanted)
        except Resolver404:
            return ""
    else:
        wanted = resolve_url(wanted)
    back = f"?{urlencode({'next': request.get_full_path()})}" if request and "?" not in wanted else ""
    return format_html(' sign-in="{}{}"', wanted, back)
