from django.apps import AppConfig


class WebConfig(AppConfig):
    """The browser UI. Stands above the features and shows those that are installed."""

    name = "hubbub.web"
    label = "hubbub_web"
    verbose_name = "Browser UI"
