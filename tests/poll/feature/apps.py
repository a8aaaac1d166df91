from hubbub.django.apps import FeatureConfig


class PollConfig(FeatureConfig):
    """Registers the feature: there is nothing else to list anywhere."""

    name = "tests.poll.feature"
    label = "poll"
