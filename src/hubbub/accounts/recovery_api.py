"""What the links of mails lead to, over REST, for whoever holds one (rules ACC-1 and ERR-3)."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.accounts import actions, limits, links, mails, openapi
from hubbub.accounts.api import OpenView, valid
from hubbub.accounts.serializers import AddressSerializer, ResetSerializer, TokenSerializer, email_of
from hubbub.django.openapi import describes
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.errors import RateLimited


class AskForReset(OpenView):
    """``password/reset/``: a link to a new password, by mail. The answer is the same for every address."""

    @describes(
        "Ask for a link to a new password, by mail.",
        body=AddressSerializer,
        returns=openapi.NOTHING,
        status=202,
        errors=(RateLimited,),
    )
    def post(self, request: Request) -> Response:
        limits.mail(request)
        address = valid(AddressSerializer, request)["email"]
        # Whether there is such an account is looked up after the answer, by the thread that sends the mail.
        mails.send_reset(address, links.base_url(request))
        return Response({}, status=202)


class ResetPassword(OpenView):
    """``password/reset/confirm/``: a new password for the link of a mail, which is then used up. All sign-ins end."""

    @describes(
        "Set a new password by the link of a mail; all sign-ins end.",
        body=ResetSerializer,
        returns=openapi.Username,
        errors=(links.BadLink, RateLimited),
    )
    def post(self, request: Request) -> Response:
        attempt = limits.link(request)
        given = valid(ResetSerializer, request)
        user = links.user_of_reset(given["token"])
        attempt.succeeded()
        try:
            validate_password(given["new_password"], user)
        except DjangoValidationError as error:
            raise ValidationError({"new_password": error.messages}) from None
        actions.reset_password(given["token"], user, given["new_password"])
        return Response({"username": user.get_username()})


class VerifyEmail(OpenView):
    """``email/verify/``: the address of the link is the account's from now on, and known to be read."""

    @describes(
        "Verify an e-mail address by the link of a mail.",
        body=TokenSerializer,
        returns=openapi.Verified,
        errors=(links.BadLink, RateLimited),
    )
    def post(self, request: Request) -> Response:
        attempt = limits.link(request)
        user, before = actions.verify_email(SYSTEM, valid(TokenSerializer, request)["token"])
        attempt.succeeded()
        if before and before != email_of(user):
            mails.attempt(lambda: mails.send_changed(user, before, links.base_url(request)))
        return Response({"email": email_of(user)})
