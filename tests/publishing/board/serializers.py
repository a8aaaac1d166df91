from rest_framework import serializers

from tests.publishing.board.models import Visit


class VisitSerializer(serializers.ModelSerializer[Visit]):
    class Meta:
        model = Visit
        fields = ("id", "day", "cost")
