"""The REST side of accounts (rules AUT-4, AUT-5 and ERR-3). Paths are below ``/api/auth/``."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import SESSION_KEY, authenticate, get_user_model, login, logout
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, ValidationError
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import RefreshToken

from hubbub.accounts import actions, limits, links, mails, openapi, tickets, tokens
from hubbub.accounts.authentication import TokenAuthentication
from hubbub.accounts.clients import client_address, user_agent
from hubbub.accounts.registration import NAME_REFUSED, new_user
from hubbub.accounts.serializers import (
    CredentialsSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    TokenSerializer,
    email_of,
    user_body,
)
from hubbub.django.conf import hubbub_settings
from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import Anybody, FeatureView, actor
from hubbub.engine.actor import SYSTEM
from hubbub.engine.logs import quiet_logger
from hubbub.protocol.errors import NotAuthenticated, RateLimited

logger = logging.getLogger("hubbub.accounts")
suspicious = quiet_logger("hubbub.suspicious")


class BadCredentials(AuthenticationFailed):
    """The one answer to a wrong password, an unknown name and a user who is not active."""

    default_detail = "No active account found with the given credentials"
    default_code = "no_active_account"


class AccountView(FeatureView):
    """For users who have signed in, whatever the project's own defaults are."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (TokenAuthentication, SessionAuthentication)
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


class OpenView(AccountView):
    """For everybody: a credential sent along, be it good or bad, is not looked at."""

    authentication_classes = ()
    permission_classes = (Anybody,)

    def get_authenticate_header(self, request: Request) -> str:
        return TokenAuthentication().authenticate_header(request)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, tokens.BadToken):
            exc = AuthenticationFailed(exc.message, "token_not_valid")
        return super().handle_exception(exc)


class Register(OpenView):
    """``register/``: a new user. The answer to a name that is taken is the same as to one that is reserved."""

    @describes("Make a user.", body=RegistrationSerializer, returns=openapi.User, status=201, errors=(RateLimited,))
    def post(self, request: Request) -> Response:
        limits.register(request)
        given = valid(RegistrationSerializer, request)
        if hubbub_settings().email_required and not given.get("email"):
            raise ValidationError({"email": ["This field is required."]})
        try:
            user = actions.register(SYSTEM, new_user(**given))
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from None
        except actions.NameTaken:
            raise ValidationError({"username": [NAME_REFUSED]}) from None
        if address := email_of(user):
            mails.attempt(lambda: mails.send_verification(user, address, links.base_url(request)))
        return Response(user_body(user), status=201)


class Token(OpenView):
    """``token/``: sign in for a pair of tokens."""

    @describes(
        "Sign in for a pair of tokens.",
        body=CredentialsSerializer,
        returns=openapi.TokenPair,
        errors=(BadCredentials, RateLimited),
    )
    def post(self, request: Request) -> Response:
        user = _check_credentials(request)
        try:
            pair = actions.sign_in_with_tokens(SYSTEM, user, user_agent(request), client_address(request))
        except NotAuthenticated:
            raise BadCredentials from None
        return Response(_pair(pair))


class TokenRefresh(OpenView):
    """``token/refresh/``: the next pair of the same sign-in; a refresh token is good for once."""

    @describes(
        "Get the next pair of tokens; a refresh token is good for once.",
        body=RefreshSerializer,
        returns=openapi.NextTokens,
        errors=(InvalidToken,),
    )
    def post(self, request: Request) -> Response:
        token = _refresh_token(request)
        following = actions.refresh(SYSTEM, token)
        pair = _pair(following)
        return Response(pair if following is not token else {"access": pair["access"]})


class TokenVerify(OpenView):
    """``token/verify/``: ``{}`` for a token that is good, of whichever type."""

    @describes("Ask whether a token is good.", body=TokenSerializer, returns=openapi.NOTHING, errors=(InvalidToken,))
    def post(self, request: Request) -> Response:
        tokens.verify(valid(TokenSerializer, request)["token"])
        return Response({})


class TokenBlacklist(OpenView):
    """``token/blacklist/``: sign out by refresh token; its access tokens and sockets end too."""

    @describes("Sign out by refresh token.", body=RefreshSerializer, returns=openapi.NOTHING, errors=(InvalidToken,))
    def post(self, request: Request) -> Response:
        actions.sign_out_token(SYSTEM, _refresh_token(request))
        return Response({})


class SignIn(AccountView):
    """``session/``: sign in for a cookie, and out again; a token can be signed out here too."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        if getattr(self.request, "method", "") == "POST":  # drf-spectacular asks before there is a request.
            return []  # Who was signed in before makes no difference.
        return super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [Anybody()] if self.request.method == "POST" else super().get_permissions()

    def get_authenticate_header(self, request: Request) -> str:
        return TokenAuthentication().authenticate_header(request)

    @describes(
        "Sign in for a session cookie.",
        body=CredentialsSerializer,
        returns=openapi.User,
        errors=(BadCredentials, PermissionDenied, RateLimited),
    )
    def post(self, request: Request) -> Response:
        # Or else another site could sign its visitors in here as somebody of its choice.
        SessionAuthentication().enforce_csrf(request)
        user = _check_credentials(request)
        before = request.session.get(SESSION_KEY)
        if before not in (None, user._meta.pk.value_to_string(user)):
            logout(request._request)  # Django would drop the other's session without a word.
        login(request._request, user)
        return Response(user_body(user))

    @describes("Sign out.", status=204)
    def delete(self, request: Request) -> Response:
        if request.auth is None:
            logout(request._request)
        else:
            actions.end_login(actor(request), actor(request).login)
        return Response(status=204)


class Ticket(AccountView):
    """``ticket/``: what a browser connects with where it cannot send a header."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before the credentials are checked: what ends while they are must count against the ticket.
        self._asked_at = time.time()
        super().initial(request, *args, **kwargs)

    @describes("Get a ticket to open a socket with.", returns=openapi.Ticket, errors=(RateLimited,))
    def post(self, request: Request) -> Response:
        who = actor(request)
        limiter().hit("tickets", who.key)
        ticket = tickets.issue(who, checked_at=self._asked_at)
        return Response({"ticket": ticket, "expires_in": hubbub_settings().ticket_seconds})


def valid(kind: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What the request says, as the serializer has it. Raises ValidationError."""
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _refresh_token(request: Request) -> RefreshToken:
    """The refresh token of the body. Raises BadToken; one that was spent before ends its sign-in (rule AUT-6)."""
    raw = valid(RefreshSerializer, request)["refresh"]
    try:
        return tokens.read_refresh_token(raw)
    except tokens.BadToken:
        reused = tokens.reused_sign_in(raw)
        if reused and actions.end_reused(SYSTEM, reused):
            suspicious.warning("a spent refresh token of the sign-in %s was used again: it is ended", reused)
        raise


def _check_credentials(request: Request) -> Any:
    """The user of name and password. Raises BadCredentials, RateLimited; takes as long for an unknown name."""
    given = valid(CredentialsSerializer, request)
    name = get_user_model().normalize_username(given["username"])
    attempt = limits.sign_in(request, name)
    user = authenticate(request._request, username=name, password=given["password"])
    if user is None or not user.is_active:
        logger.info("sign-in of %r from %s was refused", name, client_address(request) or "unknown")
        raise BadCredentials
    attempt.succeeded()
    return user


def _pair(refresh: RefreshToken) -> dict[str, str]:
    return {"access": str(refresh.access_token), "refresh": str(refresh)}
