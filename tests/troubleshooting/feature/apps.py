from hubbub.django.apps import FeatureConfig


class Trouble(FeatureConfig):
    name = "tests.troubleshooting.feature"
    label = "trouble"
