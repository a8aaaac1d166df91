from hubbub.django.apps import FeatureConfig


class AudiencesConfig(FeatureConfig):
    """Teams and temporary groups."""

    name = "hubbub.audiences"
    label = "hubbub_audiences"
    verbose_name = "Audiences"
    default = True
