from hubbub.django.apps import FeatureConfig


class ChatConfig(FeatureConfig):
    """Conversations, rooms, messages."""

    name = "hubbub.chat"
    label = "hubbub_chat"
    verbose_name = "Chat"
    default = True
