from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from hubbub.django.positions import at_one_moment
from tasks import services
from tasks.models import Task
from tasks.serializers import TaskSerializer


@login_required
@at_one_moment()
def board(request):
    people = get_user_model().objects.order_by("username")
    tasks = TaskSerializer(Task.objects.select_related("assignee"), many=True).data
    return render(request, "tasks/board.html", {"people": people, "tasks": tasks})


class TaskViewSet(viewsets.ModelViewSet):
    queryset = Task.objects.select_related("assignee")
    serializer_class = TaskSerializer

    def perform_create(self, serializer):
        serializer.instance = services.create_task(self.request.user, **serializer.validated_data)

    def perform_update(self, serializer):
        services.change_task(self.request.user, serializer.instance, **serializer.validated_data)

    def perform_destroy(self, task):
        services.delete_task(task)

    @action(detail=True, methods=["post"])
    def finish(self, request, pk=None):
        return Response(self.get_serializer(services.finish_task(self.get_object())).data)
