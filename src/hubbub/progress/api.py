"""The REST side of progress."""

from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.django.openapi import describes
from hubbub.django.rest import FeatureView, actor, reply
from hubbub.progress import messages as wire
from hubbub.progress import queries


class Jobs(FeatureView):
    """``/api/progress/``"""

    @describes("List one's background jobs that run.", returns=wire.RunningJobs)
    def get(self, request: Request) -> Response:
        return reply(queries.running(actor(request)))
