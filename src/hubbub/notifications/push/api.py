"""The REST side of pushes; the rules are the actions'."""

from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, body, reply
from hubbub.notifications.push import actions, queries
from hubbub.notifications.push import messages as wire
from hubbub.notifications.push.endpoints import BadEndpoint, place_of
from hubbub.protocol.errors import Absent, RateLimited


class Devices(FeatureView):
    """``/api/notifications/push/``"""

    @describes("List one's browsers that get pushes.", returns=wire.PushDevices)
    def get(self, request: Request) -> Response:
        return reply(queries.devices(actor(request).require_user()))

    @describes(
        "Have pushes sent to a browser, or renew that.",
        body=wire.NewDevice,
        returns=wire.PushDevice,
        status=201,
        errors=(RateLimited,),
    )
    def post(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        device = body(request, wire.NewDevice)
        try:
            place_of(device.endpoint)
        except OSError:
            raise BadEndpoint("There is no such push service.") from None
        return reply(actions.subscribe(actor(request), device), 201)


class Forget(FeatureView):
    """``/api/notifications/push/forget/``"""

    @describes(
        "Have no more pushes sent to the browser with this endpoint.",
        body=wire.OldDevice,
        status=204,
        errors=(RateLimited,),
    )
    def post(self, request: Request) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.unsubscribe(actor(request), body(request, wire.OldDevice).endpoint)
        return Response(status=204)


class Device(FeatureView):
    """``/api/notifications/push/{device}/``"""

    @describes("Have no more pushes sent to one of one's browsers.", status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, device: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.remove(actor(request), device)
        return Response(status=204)
