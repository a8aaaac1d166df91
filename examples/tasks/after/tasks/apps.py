from hubbub.django.apps import FeatureConfig


class TasksConfig(FeatureConfig):
    name = "tasks"
