"""What such a project has in its asgi.py; only the last line but one knows of hubbub."""

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from hubbub.django.application import hubbub_application

django = get_asgi_application()


class Corner(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """A group chat as it stands in many a project."""

    groups = ["corner"]

    async def receive_json(self, content: dict[str, str]) -> None:
        message = {"type": "corner.said", "by": self.scope["user"].get_username(), "text": content["text"]}
        await self.channel_layer.group_send("corner", message)

    async def corner_said(self, event: dict[str, str]) -> None:
        await self.send_json({"by": event["by"], "text": event["text"]})


own = ProtocolTypeRouter({"http": django, "websocket": URLRouter([path("ws/corner/", Corner.as_asgi())])})
hubbub = hubbub_application(own)
application = ProtocolTypeRouter({"http": hubbub, "websocket": AuthMiddlewareStack(hubbub), "lifespan": hubbub})
