from hubbub.django.apps import FeatureConfig


class PresenceConfig(FeatureConfig):
    """Who is online."""

    name = "hubbub.presence"
    label = "hubbub_presence"
    verbose_name = "Presence"
    default = True
