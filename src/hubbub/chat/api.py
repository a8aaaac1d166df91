"""The REST side of chat; the rules are the actions'. Bodies are the wire types of ``messages.py``."""

from typing import Annotated, Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.actions.conversations import check_room_name
from hubbub.chat.models import Conversation
from hubbub.chat.pages import conversation_page, message_page, room_page
from hubbub.chat.policy import access, topic_of
from hubbub.django.conf import engine_settings
from hubbub.django.limits import limiter
from hubbub.django.rest import Anybody, FeatureView, actor, body, optional_actor, reply
from hubbub.protocol.errors import Absent, NotAuthenticated
from hubbub.protocol.frames import ClientId


class NewMessage(msgspec.Struct):
    content: str
    client_id: ClientId | None = None


class Names(msgspec.Struct):
    participants: Annotated[list[str], msgspec.Meta(max_length=100)]


class Conversations(FeatureView):
    """``/api/conversations/``"""

    def get(self, request: Request) -> Response:
        return conversation_page(request, actor(request))

    def post(self, request: Request) -> Response:
        limiter().hit("conversations", actor(request).key)
        wanted = body(request, wire.Create)
        made = actions.create_conversation(
            actor(request), wanted.participants, wanted.title, client_id=wanted.client_id
        )
        return reply(made.conversation, 201)


class ConversationDetail(FeatureView):
    """``/api/conversations/{id}/``"""

    def get(self, request: Request, id: int) -> Response:
        access(actor(request), id)
        return reply(queries.conversation(actor(request), id))


class Participants(FeatureView):
    """``/api/conversations/{id}/participants/``"""

    def post(self, request: Request, id: int) -> Response:
        limiter().hit("conversations", actor(request).key)
        return reply(actions.add_participants(actor(request), id, body(request, Names).participants).conversation)

    def delete(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.remove_participants(actor(request), id, body(request, Names).participants)
        return Response(status=204)


class Leave(FeatureView):
    """``/api/conversations/{id}/leave/``"""

    def post(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.leave(actor(request), id)
        return Response(status=204)


class Read(FeatureView):
    """``/api/conversations/{id}/read/``"""

    def post(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        return reply(actions.mark_read(actor(request), topic_of(id), body(request, wire.MarkRead).number))


class Messages(FeatureView):
    """``/api/conversations/{id}/messages/``"""

    def get(self, request: Request, id: int) -> Response:
        access(actor(request), id)
        return message_page(request, actor(request), id)

    def post(self, request: Request, id: int) -> Response:
        limiter().hit("messages", actor(request).key)
        wanted = body(request, NewMessage)
        sent = actions.send_message(actor(request), topic_of(id), wanted.content, client_id=wanted.client_id)
        return reply(sent.message, 201)


class Rooms(FeatureView):
    """``/api/rooms/``: guests may look where they may enter."""

    permission_classes = (Anybody,)

    def get(self, request: Request) -> Response:
        _visitor(request)
        return room_page(request)


class RoomMessages(FeatureView):
    """``/api/rooms/{name}/messages/``"""

    permission_classes = (Anybody,)

    def get(self, request: Request, name: str) -> Response:
        visitor = _visitor(request)
        name = check_room_name(name)
        found = Conversation.objects.filter(room_name=name).first()
        if found is None:
            raise Absent
        return message_page(request, visitor, found.pk)


def _visitor(request: Request) -> Any:
    """Who looks at rooms. Raises NotAuthenticated for a guest where none are let in."""
    visitor = optional_actor(request)
    if visitor.is_guest and not engine_settings().guests:
        raise NotAuthenticated
    return visitor
