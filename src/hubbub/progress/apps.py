from hubbub.django.apps import FeatureConfig


class ProgressConfig(FeatureConfig):
    """How far background jobs are."""

    name = "hubbub.progress"
    label = "hubbub_progress"
    verbose_name = "Progress"
    default = True
