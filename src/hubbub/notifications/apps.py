from hubbub.django.apps import FeatureConfig


class NotificationsConfig(FeatureConfig):
    """Notifications, preferences, what is sent later."""

    name = "hubbub.notifications"
    label = "hubbub_notifications"
    verbose_name = "Notifications"
    default = True
