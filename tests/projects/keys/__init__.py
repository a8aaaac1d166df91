"""A credential as an organisation may have one: a name, signed, in a header or in the query string."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


def user_of_key(key: str) -> Any:
    """Raises BadSignature, User.DoesNotExist."""
    from django.contrib.auth import get_user_model
    from django.core.signing import Signer

    return get_user_model()._default_manager.get_by_natural_key(Signer().unsign(key))


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[Any, None] | None:
        key = request.headers.get("X-Key")
        if key is None:
            return None
        try:
            return user_of_key(key), None
        except Exception:
            raise AuthenticationFailed from None


def never(error: Exception, context: Any) -> None:
    """An exception handler that hubbub's views must not come to."""
    raise AssertionError("the project's own handler was asked")
