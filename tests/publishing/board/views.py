"""A page and a REST view of a board, as a project has them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from rest_framework import serializers, viewsets
from rest_framework.permissions import AllowAny

from hubbub.django.positions import PositionMixin, at_one_moment
from tests.publishing.board.models import Task

PAGE = """{% load hubbub_streams %}<ul data-since="{% stream_position topic %}">
{% for task in tasks %}<li>{{ task.title }}</li>{% endfor %}</ul>{% stream_start topic "notes" %}"""


@at_one_moment()
def page(request: HttpRequest, board: int) -> HttpResponse:
    tasks = Task.objects.filter(board=board)
    return HttpResponse(engines["django"].from_string(PAGE).render({"tasks": tasks, "topic": f"board.{board}"}))


class TaskSerializer(serializers.ModelSerializer[Task]):
    class Meta:
        model = Task
        fields = ("id", "title")


class Tasks(PositionMixin, viewsets.ReadOnlyModelViewSet[Task]):
    serializer_class = TaskSerializer
    permission_classes = (AllowAny,)
    position_topic = "board.{board}"
    position_field = "position"

    def get_queryset(self) -> Any:
        return Task.objects.filter(board=self.kwargs["board"])


urlpatterns = [
    path("boards/<int:board>/", page),
    path("boards/<int:board>/tasks/", Tasks.as_view({"get": "list"})),
    path("boards/<int:board>/tasks/<int:pk>/", Tasks.as_view({"get": "retrieve"})),
]
