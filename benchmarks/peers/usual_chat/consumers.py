"""The consumer that tutorials teach: save in a thread, then send to the group."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.db import transaction
from django.db.models import F

from usual_chat.models import Message, Room, StreamRow


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        self.user = self.scope["user"]
        self.room = await database_sync_to_async(self.find_room)()
        if self.room is None:
            await self.close()
            return
        self.group = f"chat_{self.room.name}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    def find_room(self) -> Room | None:
        if not self.user.is_authenticated:
            return None
        return Room.objects.filter(name=self.scope["url_route"]["kwargs"]["room"], members=self.user).first()

    async def disconnect(self, code: int) -> None:
        if self.room is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        if settings.WITH_STREAM:
            message = await database_sync_to_async(self.save_with_stream)(content["content"])
        else:
            message = await database_sync_to_async(Message.objects.create)(
                room=self.room, sender=self.user, content=content["content"]
            )
        await self.channel_layer.group_send(
            self.group,
            {
                "type": "chat.message",
                "id": message.pk,
                "sender": self.user.username,
                "content": message.content,
                "timestamp": message.created_at.isoformat(),
                "client_id": content["client_id"],
            },
        )

    def save_with_stream(self, text: str) -> Message:
        with transaction.atomic():
            Room.objects.filter(pk=self.room.pk).update(top=F("top") + 1)
            offset = Room.objects.values_list("top", flat=True).get(pk=self.room.pk)
            message = Message.objects.create(room=self.room, sender=self.user, content=text)
            data = json.dumps({"id": message.pk, "sender": self.user.username, "content": text})
            StreamRow.objects.create(room=self.room, offset=offset, data=data)
        return message

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send_json(event)
