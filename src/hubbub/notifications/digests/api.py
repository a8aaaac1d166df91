"""The REST side of e-mail digests; the rules are the actions'."""

from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, body, reply
from hubbub.notifications.digests import actions, queries
from hubbub.notifications.digests import messages as wire
from hubbub.protocol.errors import RateLimited


class Digests(FeatureView):
    """``/api/notifications/email/``"""

    @describes("Read how one is mailed what one hasn't read.", returns=wire.EmailDigests)
    def get(self, request: Request) -> Response:
        actor(request).require_user()
        return reply(queries.settings_of(request.user))

    @describes(
        "Say how one wants to be mailed.", body=wire.NewEmailDigests, returns=wire.EmailDigests, errors=(RateLimited,)
    )
    def patch(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.choose(actor(request), body(request, wire.NewEmailDigests))
        return reply(queries.settings_of(request.user))
