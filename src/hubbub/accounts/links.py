"""Links that mails carry: to a new password, and to an e-mail address that is shown to be read.

What a link is worth stands in its fragment, which browsers send neither to this server nor, by Referer, to
others. Each is good for ``PASSWORD_RESET_TIMEOUT`` seconds, once, and until the password changes.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from hubbub.accounts import policy, queries
from hubbub.django.auth import email_field
from hubbub.django.conf import hubbub_settings
from hubbub.protocol.errors import BadData

_SALT = "hubbub.accounts.address"


class BadLink(BadData):
    """This link was used already, or is too old. Ask for a new one."""


def base_url(request: HttpRequest) -> str:
    """Where people find the UI, with a slash at the end: ``PUBLIC_URL``, or else by the request's host.

    Raises ImproperlyConfigured where any host is allowed: a stranger who writes another into a request would
    have the link of somebody's mail lead there.
    """
    if url := hubbub_settings().public_url:
        return url.rstrip("/") + "/"
    if not host_is_known():
        raise ImproperlyConfigured(
            "Mails need links, and ALLOWED_HOSTS lets in any host: set HUBBUB['PUBLIC_URL'] "
            "(HUBBUB_PUBLIC_URL), or name the hosts."
        )
    try:
        root = reverse("hubbub_web:index", args=[""])
    except NoReverseMatch:
        root = "/"
    return str(request.build_absolute_uri(root))


def host_is_known() -> bool:
    """Whether a request's host is checked against names."""
    return "*" not in settings.ALLOWED_HOSTS


def reset_token(user: Any) -> str:
    """What a reset link is worth: Django's own token, with whose it is before it."""
    return f"{urlsafe_base64_encode(force_bytes(user.pk))}.{default_token_generator.make_token(user)}"


def user_of_reset(token: str, *, lock: bool = False) -> Any:
    """The user of a reset link, in one query. Raises BadLink, the same for every fault.

    With ``lock`` the row is kept as it is until the transaction ends.
    """
    encoded, _, proof = token.partition(".")
    try:
        user = queries.user_by_pk(urlsafe_base64_decode(encoded).decode(), lock=lock)
        good = policy.active(user) and default_token_generator.check_token(user, proof)
    except ValueError:  # Half a surrogate pair, for one.
        raise BadLink from None
    if not good:
        raise BadLink
    return user


def address_token(user: Any, address: str) -> str:
    """What a link is worth that shows that somebody reads ``address``, and makes it the user's."""
    return signing.dumps([str(user.pk), address, _state(user)], salt=_SALT)


def user_of_address(token: str, *, lock: bool = False) -> tuple[Any, str]:
    """The user and the address of a link. Raises BadLink, the same for every fault."""
    try:
        pk, address, state = signing.loads(token, salt=_SALT, max_age=settings.PASSWORD_RESET_TIMEOUT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadLink from None
    user = queries.user_by_pk(pk, lock=lock)
    if not policy.active(user) or not constant_time_compare(state, _state(user)):
        raise BadLink
    return user, address


def _state(user: Any) -> str:
    """What changes with the password, and as soon as one link is followed: all others are worth nothing then."""
    verified = queries.verified_address(user)
    known = "\0".join((user.password, str(getattr(user, email_field(), "")), verified))
    return salted_hmac(_SALT, known, algorithm="sha256").hexdigest()[:32]
