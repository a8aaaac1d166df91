"""The REST side of chat; the rules are the actions'. Bodies are the wire types of ``messages.py``."""

from typing import Annotated, Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from hubbub.chat import actions, pages, queries
from hubbub.chat import messages as wire
from hubbub.chat.actions.conversations import check_room_name
from hubbub.chat.messages import Content
from hubbub.chat.models import Conversation
from hubbub.chat.policy import access, topic_of
from hubbub.django.conf import engine_settings
from hubbub.django.limits import limiter
from hubbub.django.openapi import describes
from hubbub.django.rest import Anybody, FeatureView, actor, body, optional_actor, reply
from hubbub.protocol.errors import Absent, Conflict, Empty, NotAuthenticated, RateLimited, TooLong
from hubbub.protocol.frames import ClientId


class NewMessage(msgspec.Struct):
    """A message to send."""

    content: Content
    """1 to 5,000 characters; white space around them is cut."""
    client_id: ClientId | None = None
    """Chosen by the client: sent again, the answer is that of the first time."""


class Names(msgspec.Struct):
    """Users, by their names."""

    participants: Annotated[list[str], msgspec.Meta(max_length=100)]


class Conversations(FeatureView):
    """``/api/conversations/``"""

    @describes(
        "List one's conversations.", returns=pages.ConversationPage, query=(pages.LIMIT, *pages.CONVERSATION_PLACES)
    )
    def get(self, request: Request) -> Response:
        return pages.conversation_page(request, actor(request))

    @describes(
        "Start a conversation; a direct one is found or made.",
        body=wire.Create,
        returns=wire.Conversation,
        status=201,
        errors=(Conflict, RateLimited),
    )
    def post(self, request: Request) -> Response:
        limiter().hit("conversations", actor(request).key)
        wanted = body(request, wire.Create)
        made = actions.create_conversation(
            actor(request), wanted.participants, wanted.title, client_id=wanted.client_id
        )
        return reply(made.conversation, 201)


class ConversationDetail(FeatureView):
    """``/api/conversations/{id}/``"""

    @describes("Read one conversation.", returns=wire.Conversation, errors=(Absent,))
    def get(self, request: Request, id: int) -> Response:
        access(actor(request), id)
        return reply(queries.conversation(actor(request), id))


class Participants(FeatureView):
    """``/api/conversations/{id}/participants/``"""

    @describes("Add people to a group.", body=Names, returns=wire.Conversation, errors=(Absent, RateLimited))
    def post(self, request: Request, id: int) -> Response:
        limiter().hit("conversations", actor(request).key)
        return reply(actions.add_participants(actor(request), id, body(request, Names).participants).conversation)

    @describes("Remove people from a group that one has made.", body=Names, status=204, errors=(Absent, RateLimited))
    def delete(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.remove_participants(actor(request), id, body(request, Names).participants)
        return Response(status=204)


class Leave(FeatureView):
    """``/api/conversations/{id}/leave/``"""

    @describes("Leave a group, or take a room off one's list.", status=204, errors=(Absent, RateLimited))
    def post(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        actions.leave(actor(request), id)
        return Response(status=204)


class Read(FeatureView):
    """``/api/conversations/{id}/read/``"""

    @describes(
        "Mark as read, up to a message or all.",
        body=wire.MarkRead,
        returns=wire.ReadReply,
        errors=(Absent, RateLimited),
    )
    def post(self, request: Request, id: int) -> Response:
        limiter().hit("writes", actor(request).key)
        return reply(actions.mark_read(actor(request), topic_of(id), body(request, wire.MarkRead).number))


class Messages(FeatureView):
    """``/api/conversations/{id}/messages/``"""

    @describes(
        "Read messages.", returns=pages.MessagePage, query=(pages.LIMIT, *pages.MESSAGE_PLACES), errors=(Absent,)
    )
    def get(self, request: Request, id: int) -> Response:
        access(actor(request), id)
        return pages.message_page(request, actor(request), id)

    @describes(
        "Send a message.",
        body=NewMessage,
        returns=wire.Message,
        status=201,
        errors=(Empty, TooLong, Absent, Conflict, RateLimited),
    )
    def post(self, request: Request, id: int) -> Response:
        limiter().hit("messages", actor(request).key)
        wanted = body(request, NewMessage)
        sent = actions.send_message(actor(request), topic_of(id), wanted.content, client_id=wanted.client_id)
        return reply(sent.message, 201)


class Rooms(FeatureView):
    """``/api/rooms/``: guests may look where they may enter."""

    permission_classes = (Anybody,)

    @describes("List all rooms.", returns=pages.RoomPage, query=(pages.LIMIT, *pages.ROOM_PLACES))
    def get(self, request: Request) -> Response:
        _visitor(request)
        return pages.room_page(request)


class RoomMessages(FeatureView):
    """``/api/rooms/{name}/messages/``"""

    permission_classes = (Anybody,)

    @describes(
        "Read a room's messages.",
        returns=pages.MessagePage,
        query=(pages.LIMIT, *pages.MESSAGE_PLACES),
        errors=(Absent,),
    )
    def get(self, request: Request, name: str) -> Response:
        visitor = _visitor(request)
        name = check_room_name(name)
        found = Conversation.objects.filter(room_name=name).first()
        if found is None:
            raise Absent
        return pages.message_page(request, visitor, found.pk)


def _visitor(request: Request) -> Any:
    """Who looks at rooms. Raises NotAuthenticated for a guest where none are let in."""
    visitor = optional_actor(request)
    if visitor.is_guest and not engine_settings().guests:
        raise NotAuthenticated
    return visitor
