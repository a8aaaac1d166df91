from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from django.utils.module_loading import module_has_submodule


class HubbubConfig(AppConfig):
    """The core of hubbub: streams, writer, sockets."""

    name = "hubbub.django"
    label = "hubbub"
    default = True
    verbose_name = "hubbub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from hubbub.django import checks as checks
        from hubbub.django import database_checks as database_checks
        from hubbub.django import deploy_checks as deploy_checks
        from hubbub.django import project_checks as project_checks
        from hubbub.django.audiences import kinds as kinds
        from hubbub.django.audiences import signals as signals
        from hubbub.django.declaring import register_declared
        from hubbub.django.hearing import begin_all
        from hubbub.django.streams import ensure_root

        # Not a migration: `flush`, and with it every transactional test, empties the tables.
        post_migrate.connect(ensure_root, sender=self, dispatch_uid="hubbub.root")
        post_migrate.connect(begin_all, sender=self, dispatch_uid="hubbub.listeners")
        signals.connect()
        register_declared()


class FeatureConfig(AppConfig):
    """The base of a feature's app: its messages, handlers and topics register when Django is ready."""

    hubbub_feature = True
    default = False
    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Inherited, ``default = False`` would make Django pass over the feature's own config in silence.
        if "default" not in vars(cls):
            cls.default = True

    def import_models(self) -> None:
        if self.apps is not None and not self.apps.is_installed("hubbub.django"):
            raise ImproperlyConfigured(
                f"{self.name!r} needs 'hubbub.django' in INSTALLED_APPS. To have all of hubbub: [*hubbub.APPS, ...]."
            )
        super().import_models()

    def ready(self) -> None:
        for name in (
            "messages",
            "handlers",
            "sockets",
            "topics",
            "contacts",
            "audiences",
            "authentication",
            "signals",
            "listeners",
            "retention",
            "checks",
        ):
            self.import_own(name)

    def import_own(self, name: str) -> None:
        """Import the feature's module of that name, where it has one."""
        if self.module is not None and module_has_submodule(self.module, name):
            import_module(f"{self.name}.{name}")


def load_examples() -> None:
    """Register the features' examples (``examples.py``): only who writes a reference needs them."""
    for config in apps.get_app_configs():
        if isinstance(config, FeatureConfig):
            config.import_own("examples")
