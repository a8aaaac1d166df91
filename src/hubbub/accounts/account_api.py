"""What signed-in users do with their own accounts, over REST (rules AUT-4 and ERR-3)."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.accounts import actions, limits, links, mails, queries
from hubbub.accounts.api import AccountView, valid
from hubbub.accounts.registration import set_names
from hubbub.accounts.serializers import (
    NamesSerializer,
    NewEmailSerializer,
    NewPasswordSerializer,
    PasswordSerializer,
    email_of,
    login_body,
    user_body,
)
from hubbub.django.auth import email_field
from hubbub.django.conf import hubbub_settings
from hubbub.django.rest import actor
from hubbub.protocol.errors import Absent

WRONG_PASSWORD = "This is not your password."


class Me(AccountView):
    """``me/``: who is signed in, and by which names others know one."""

    def get(self, request: Request) -> Response:
        return Response(user_body(request.user))

    def patch(self, request: Request) -> Response:
        given = valid(NamesSerializer, request)
        try:
            fields = set_names(request.user, **given)
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from None
        if fields:
            actions.change_names(actor(request), request.user, fields)
        return Response(user_body(request.user))


class Password(AccountView):
    """``password/``: a new one, for the present one. All other sign-ins end, this one goes on."""

    def post(self, request: Request) -> Response:
        given = valid(NewPasswordSerializer, request)
        _check_password(request, given["password"])
        user: Any = request.user
        try:
            validate_password(given["new_password"], user)
        except DjangoValidationError as error:
            raise ValidationError({"new_password": error.messages}) from None
        carrier = request._request if hasattr(request._request, "session") else None
        actions.change_password(actor(request), user, given["new_password"], request=carrier)
        return Response(status=204)


class Email(AccountView):
    """``email/``: the address, and whether its owner has shown to read it.

    A new one counts once the link that was sent to it is followed.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not email_field():
            raise Absent

    def get(self, request: Request) -> Response:
        address = email_of(request.user)
        verified = bool(address) and queries.verified_address(request.user) == address
        return Response({"email": address, "verified": verified})

    def post(self, request: Request) -> Response:
        given = valid(NewEmailSerializer, request)
        address, user = given["email"], request.user
        if not address or address != email_of(user):
            _check_password(request, given["password"])
        if not address:
            return self._remove(request)
        limits.mail(request)
        mails.send_verification(user, address, links.base_url(request))
        return Response({"email": email_of(user), "sent_to": address}, status=202)

    def _remove(self, request: Request) -> Response:
        user: Any = request.user
        field = user._meta.get_field(email_field())
        if hubbub_settings().email_required or field.name == user.USERNAME_FIELD or not field.blank:
            raise ValidationError({"email": ["An address is needed."]})
        actions.remove_email(actor(request), user)
        return Response({"email": "", "verified": False})


class Logins(AccountView):
    """``logins/``: where one is signed in, the last used first; ``DELETE`` signs out everywhere but here."""

    def get(self, request: Request) -> Response:
        current = actor(request).login
        return Response([login_body(login, current) for login in queries.logins_of(request.user)])

    def delete(self, request: Request) -> Response:
        who = actor(request)
        actions.end_logins(who, request.user, actions.SIGNED_OUT, who.login)
        return Response(status=204)


class OneLogin(AccountView):
    """``logins/<id>/``: sign out there. Another's is as absent as one that has ended."""

    def delete(self, request: Request, login: str) -> Response:
        if queries.login_of(request.user, login) is None:
            raise Absent
        actions.end_login(actor(request), login)
        return Response(status=204)


class Deactivate(AccountView):
    """``deactivate/``: close one's own account, for the password. What one has written stays."""

    def post(self, request: Request) -> Response:
        if not _can_be_inactive(request.user):
            raise Absent
        _check_password(request, valid(PasswordSerializer, request)["password"])
        actions.deactivate(actor(request), request.user)
        if hasattr(request._request, "session"):
            request._request.session.flush()  # All have ended already; the browser may drop its cookie.
        return Response(status=204)


def _check_password(request: Request, password: str) -> None:
    """Whether it is still the user who sits there. By the project's own backends. Raises RateLimited."""
    attempt = limits.password(request.user)
    found = authenticate(request._request, username=request.user.get_username(), password=password)
    if found is None or found.pk != request.user.pk:
        raise ValidationError({"password": [WRONG_PASSWORD]})
    attempt.succeeded()


def _can_be_inactive(user: Any) -> bool:
    try:
        return bool(user._meta.get_field("is_active").concrete)
    except FieldDoesNotExist:
        return False
