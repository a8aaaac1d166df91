"""Who acts."""

from dataclasses import dataclass

from hubbub.protocol.errors import Absent, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a session, a request or a task acts for. Made once, when the credentials are checked."""

    key: str
    """Unique for the person: ``u.<user id>``, ``g.<session id>`` for a guest, empty for the system."""
    user_id: int | str | None = None
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False
    login: str = ""
    """The id of the sign-in that this came by; signing out ends its sessions. Empty where unknown."""
    expires: float | None = None
    """When the credential expires, in seconds since 1970; None for never."""
    checked_at: float | None = None
    """When the credentials were checked, in seconds since 1970, where that was before now: a ticket says so."""

    network: str = ""
    """Where a guest comes from, for limits; empty for users, and where it is unknown."""

    @property
    def is_guest(self) -> bool:
        return self.user_id is None and bool(self.key)

    def require_user(self) -> int | str:
        """The user's id. Raises NotAuthenticated for a guest."""
        if self.user_id is None:
            raise NotAuthenticated
        return self.user_id


SYSTEM = Actor(key="", username="System")


def user_key(user_id: int | str) -> str:
    """The key of a signed-in user, as in ``Actor.key``."""
    return f"u.{user_id}"


def guest(session_id: str, network: str = "") -> Actor:
    """The actor of somebody who has not signed in, and comes from ``network``."""
    return Actor(key=f"g.{session_id}", username="Anonymous", network=network)


def authorize_user(actor: Actor, topic: str) -> None:
    """For topics ``<kind>.<user id>``: one's own is nobody else's. Raises Absent."""
    if actor.user_id is None or topic.partition(".")[2] != str(actor.user_id):
        raise Absent
