from hubbub.django.apps import FeatureConfig


class AnnouncementsConfig(FeatureConfig):
    """Announcements to audiences."""

    name = "hubbub.announcements"
    label = "hubbub_announcements"
    verbose_name = "Announcements"
    default = True
