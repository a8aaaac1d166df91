from hubbub.django.apps import FeatureConfig


class BoardConfig(FeatureConfig):
    name = "tests.publishing.board"
    label = "board"
