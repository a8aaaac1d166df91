from hubbub.django.apps import FeatureConfig


class InspectorConfig(FeatureConfig):
    """Sessions, topics, rates and traces, for staff."""

    name = "hubbub.inspector"
    label = "hubbub_inspector"
    verbose_name = "Inspector"
    default = True
