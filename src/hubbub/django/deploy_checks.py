"""System checks of what is safe on one's own machine and nowhere else: hosts, origins, proxies."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from hubbub.django.conf import hubbub_settings
from hubbub.django.loopback import is_loopback
from hubbub.transports.uvicorn.proxy import networks_of


@register("hubbub")
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    try:
        networks_of(getattr(django_settings, "HUBBUB_TRUSTED_PROXIES", ()))
    except ValueError as error:
        return [
            Error(
                f"HUBBUB_TRUSTED_PROXIES cannot be read: {error}.",
                hint="Name each proxy by its address or network (10.0.0.5, 10.0.0.0/24), and one that comes by a unix "
                "socket as 'unix'.",
                id="hubbub.E031",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_hosts(**kwargs: Any) -> list[CheckMessage]:
    hosts = django_settings.ALLOWED_HOSTS
    if "*" in hosts:
        return [
            Warning(
                "ALLOWED_HOSTS lets in any host, so whatever name somebody gives this server is taken for its own.",
                hint="Name the hosts by which people reach it, with commas between: chat.example.org,127.0.0.1",
                id="hubbub.W031",
            )
        ]
    if hosts and all(is_loopback(host.strip("[]")) for host in hosts):
        return [
            Warning(
                "ALLOWED_HOSTS has this machine's own names only: everybody else is answered 400.",
                hint="Add the host by which people reach it: chat.example.org,127.0.0.1",
                id="hubbub.W032",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_plain_http(**kwargs: Any) -> list[CheckMessage]:
    """A page that came without TLS may be anybody's by the time it arrives."""
    try:
        ours = hubbub_settings()
    except Exception:
        return []  # hubbub.E001 says it.
    problems: list[CheckMessage] = []
    if plain := [origin for origin in ours.allowed_origins if _is_plain(origin)]:
        problems.append(
            Warning(
                f"Pages that come without TLS may connect: {', '.join(plain)}.",
                hint="Whoever is on the way can change such a page and act as who has it open. Serve it by https, and "
                "list that origin in HUBBUB['ALLOWED_ORIGINS'] (environment: HUBBUB_ALLOWED_ORIGINS).",
                id="hubbub.W033",
            )
        )
    if _is_plain(ours.public_url):
        problems.append(
            Warning(
                f"Links in mails lead to {ours.public_url}, without TLS.",
                hint="Set HUBBUB['PUBLIC_URL'] (environment: HUBBUB_PUBLIC_URL) to the address that begins with https.",
                id="hubbub.W034",
            )
        )
    return problems


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
