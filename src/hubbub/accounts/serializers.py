"""What the REST views take and give."""

from typing import Any

from rest_framework import serializers

MAX_PASSWORD = 1024


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD, trim_whitespace=False)


class RegistrationSerializer(CredentialsSerializer):
    """Any other field, ``is_staff`` for one, is ignored."""

    first_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField()


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()


def user_body(user: Any) -> dict[str, Any]:
    """The signed-in user as clients see it."""
    return {
        "id": user.pk if isinstance(user.pk, int) else str(user.pk),
        "username": user.get_username(),
        "first_name": getattr(user, "first_name", ""),
        "last_name": getattr(user, "last_name", ""),
        "email": getattr(user, "email", ""),
    }
