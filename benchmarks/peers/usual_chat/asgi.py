import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "usual_chat.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - Django comes first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from usual_chat.consumers import ChatConsumer  # noqa: E402

urlpatterns: list[object] = []
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AuthMiddlewareStack(URLRouter([path("ws/chat/<str:room>/", ChatConsumer.as_asgi())])),
    }
)
