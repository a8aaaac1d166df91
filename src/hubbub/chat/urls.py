from django.urls import path

from hubbub.chat import api

app_name = "hubbub_chat"

urlpatterns = [
    path("conversations/", api.Conversations.as_view(), name="conversations"),
    path("conversations/<int:id>/", api.ConversationDetail.as_view(), name="conversation"),
    path("conversations/<int:id>/participants/", api.Participants.as_view(), name="participants"),
    path("conversations/<int:id>/leave/", api.Leave.as_view(), name="leave"),
    path("conversations/<int:id>/read/", api.Read.as_view(), name="read"),
    path("conversations/<int:id>/messages/", api.Messages.as_view(), name="messages"),
    path("rooms/", api.Rooms.as_view(), name="rooms"),
    path("rooms/<str:name>/messages/", api.RoomMessages.as_view(), name="room-messages"),
]
