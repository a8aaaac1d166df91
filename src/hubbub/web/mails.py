"""The page that the last link of a digest leads to."""

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt

from hubbub.django.headers import add_headers
from hubbub.engine.actor import SYSTEM


# Whoever has the link is let in, and nobody by a cookie: a mail program posts to it without any.
@method_decorator([csrf_exempt, cache_control(private=True, no_store=True)], name="dispatch")
class MailsOff(View):
    """No more digests, for whoever reads them (rule PSH-9).

    Looking asks first, since programs follow links in mails by themselves. Those that offer to unsubscribe post.
    """

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._answer(request, token, done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._answer(request, token, done=True)

    def _answer(self, request: HttpRequest, token: str, *, done: bool) -> HttpResponse:
        if not apps.is_installed("hubbub.notifications"):
            raise Http404
        from hubbub.notifications.digests import actions, mails

        error = ""
        try:
            user_id = mails.user_of(token)
            if done:
                actions.turn_off(SYSTEM, user_id)
        except mails.BadLink as bad:
            error = str(bad)
        context = {"done": done, "error": error}
        page = render(request, "hubbub/mails_off.html", context, status=400 if error else 200)
        return add_headers(request, page)
