"""What signed-in users do with their own accounts, over REST (rules AUT-4 and ERR-3)."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.accounts import actions, limits, links, mails, openapi, queries
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
from hubbub.django.openapi import describes
from hubbub.django.rest import actor
from hubbub.protocol.errors import Absent, RateLimited

WRONG_PASSWORD = "This is not your password."


class Me(AccountView):
    """``me/``: who is signed in, and by which names others know one."""

    @describes("Read who is signed in.", returns=openapi.User)
    def get(self, request: Request) -> Response:
        return Response(user_body(request.user))

    @describes("Change the names by which others know one.", body=NamesSerializer, returns=openapi.User)
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

    @describes(
        "Change the password; all other sign-ins end.", body=NewPasswordSerializer, status=204, errors=(RateLimited,)
    )
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

    @describes("Read the e-mail address, and whether it is verified.", returns=openapi.EmailAddress, errors=(Absent,))
    def get(self, request: Request) -> Response:
        address = email_of(request.user)
        verified = bool(address) and queries.verified_address(request.user) == address
        return Response({"email": address, "verified": verified})

    @describes(
        "Ask for another e-mail address: a link is sent to it. An empty one removes it.",
        body=NewEmailSerializer,
        returns=openapi.EmailAddress,
        also={202: openapi.AddressAsked},
        errors=(Absent, RateLimited),
    )
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

    @describes("List where one is signed in, the last used first.", returns=list[openapi.SignedIn])
    def get(self, request: Request) -> Response:
        current = actor(request).login
        return Response([login_body(login, current) for login in queries.logins_of(request.user)])

    @describes("Sign out everywhere but here.", status=204)
    def delete(self, request: Request) -> Response:
        who = actor(request)
        actions.end_logins(who, request.user, actions.SIGNED_OUT, who.login)
        return Response(status=204)


class OneLogin(AccountView):
    """``logins/<id>/``: sign out there. Another's is as absent as one that has ended."""

    @describes("Sign out there.", status=204, errors=(Absent,))
    def delete(self, request: Request, login: str) -> Response:
        if queries.login_of(request.user, login) is None:
            raise Absent
        actions.end_login(actor(request), login)
        return Response(status=204)


class Deactivate(AccountView):
    """``deactivate/``: close one's own account, for the password. What one has written stays."""

    @describes("Close one's own account.", body=PasswordSerializer, status=204, errors=(Absent, RateLimited))
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
