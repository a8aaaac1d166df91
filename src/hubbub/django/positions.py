"""Where a topic stood when a page or a response was made, so that its reader subscribes from there (rule DCL-5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.urls import get_script_prefix

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.reader import begin_reading
from hubbub.django.streams import DjangoStreamStore, position_of
from hubbub.protocol.frames import Position

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    class _View:
        """What the mixin is mixed into."""

        kwargs: dict[str, Any]

        def list(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...

        def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response: ...
else:
    _View = object


@contextmanager
def at_one_moment() -> Iterator[None]:
    """Let all that is read be of one moment: ``with at_one_moment(): return render(...)``, or ``@at_one_moment()``.

    Nothing can be written within. In a transaction of the caller's it does nothing: there, ask for the positions
    before you read.
    """
    alias = database_alias()
    if connections[alias].in_atomic_block:
        yield
        return
    with begin_reading(alias):
        yield


def page_start(*topics: str) -> dict[str, Any]:
    """What a page's script starts from: ``socket``, the path of the sockets, and by topic the ``positions``."""
    states = DjangoStreamStore().states(list(topics))
    found = {topic: {"epoch": state.epoch, "offset": state.top} for topic, state in states.items()}
    return {"socket": get_script_prefix() + hubbub_settings().socket_prefix, "positions": found}


class PositionMixin(_View):
    """For a view of Django REST framework that lists or retrieves: its answer says where the topic stands.

    ``position_topic`` is the topic, with what the URL captures: ``"board.{board_pk}"``. The answer has the headers
    ``Hubbub-Topic`` and ``Hubbub-Position``, the latter as ``<epoch>:<offset>``; where it is an object and
    ``position_field`` names a field, that one has ``{"topic", "epoch", "offset"}``. Both are of the same moment as the
    data. Name it before DRF's own classes.
    """

    position_topic = ""
    position_field = ""

    def get_position_topic(self) -> str:
        """The topic of what is asked for."""
        return self.position_topic.format(**self.kwargs)

    def list(self, request: "Request", *args: Any, **kwargs: Any) -> "Response":
        with at_one_moment():
            return self._with_position(self._position(), super().list(request, *args, **kwargs))

    def retrieve(self, request: "Request", *args: Any, **kwargs: Any) -> "Response":
        with at_one_moment():
            return self._with_position(self._position(), super().retrieve(request, *args, **kwargs))

    def _position(self) -> tuple[str, Position]:
        topic = self.get_position_topic()
        return topic, position_of(topic)

    def _with_position(self, at: tuple[str, Position], response: "Response") -> "Response":
        topic, position = at
        response.headers["Hubbub-Topic"] = topic
        response.headers["Hubbub-Position"] = f"{position.epoch}:{position.offset}"
        if self.position_field and isinstance(response.data, dict):
            told = {"topic": topic, "epoch": position.epoch, "offset": position.offset}
            response.data = {**response.data, self.position_field: told}
        return response
