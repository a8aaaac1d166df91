"""What the REST views take and give."""

from typing import Any

from rest_framework import serializers

from hubbub.accounts.clients import device, vague_address
from hubbub.accounts.models import Login
from hubbub.django.auth import email_field, names_of

MAX_PASSWORD = 1024


class Text(serializers.CharField):
    """Text and nothing else: DRF's own takes numbers too, which the schema does not."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class CredentialsSerializer(serializers.Serializer[Any]):
    username = Text(max_length=254)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class RegistrationSerializer(CredentialsSerializer):
    """Any other field, ``is_staff`` for one, is ignored."""

    first_name = Text(max_length=150, required=False, allow_blank=True)
    last_name = Text(max_length=150, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)


class NamesSerializer(serializers.Serializer[Any]):
    """Any other field is ignored."""

    first_name = Text(max_length=150, required=False, allow_blank=True)
    last_name = Text(max_length=150, required=False, allow_blank=True)


class PasswordSerializer(serializers.Serializer[Any]):
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class NewPasswordSerializer(PasswordSerializer):
    new_password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class NewEmailSerializer(serializers.Serializer[Any]):
    """The password may be left out where the address stays the same."""

    email = serializers.EmailField(max_length=254, allow_blank=True)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False, required=False, allow_blank=True, default="")


class AddressSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class ResetSerializer(serializers.Serializer[Any]):
    token = Text(max_length=1000)
    new_password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = Text()


class TokenSerializer(serializers.Serializer[Any]):
    token = Text()


def user_body(user: Any) -> dict[str, Any]:
    """The signed-in user as clients see it."""
    first_name, last_name = names_of(user)
    return {
        "id": user.pk if isinstance(user.pk, int) else str(user.pk),
        "username": user.get_username(),
        "first_name": first_name,
        "last_name": last_name,
        "email": email_of(user),
    }


def email_of(user: Any) -> str:
    """A user's e-mail address, whatever the model calls it; empty where there is none."""
    field = email_field()
    return (getattr(user, field) or "") if field else ""


def login_body(login: Login, current: str) -> dict[str, Any]:
    """A sign-in as its own user sees it."""
    return {
        "id": login.pk,
        "kind": login.kind,
        "device": device(login.user_agent),
        "address": vague_address(login.address),
        "created_at": login.created_at.isoformat(),
        "last_seen_at": login.last_seen_at.isoformat(),
        "current": login.pk == current,
    }
