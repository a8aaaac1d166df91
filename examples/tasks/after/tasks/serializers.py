from django.contrib.auth import get_user_model
from rest_framework import serializers

from tasks.models import Task


class TaskSerializer(serializers.ModelSerializer):
    assignee = serializers.SlugRelatedField(
        slug_field="username", queryset=get_user_model().objects.all(), allow_null=True, required=False
    )

    class Meta:
        model = Task
        fields = ["id", "title", "assignee", "due", "done"]
        read_only_fields = ["done"]
