from django.apps import AppConfig

from tests.projects.keys import user_of_key


class KeysConfig(AppConfig):
    name = "tests.projects.keys"

    def ready(self) -> None:
        from hubbub.django.auth import actor_of_user, register_credential
        from hubbub.engine.actor import Actor
        from hubbub.protocol.errors import NotAuthenticated

        def actor_of_key(key: str) -> Actor:
            try:
                return actor_of_user(user_of_key(key))
            except Exception:
                raise NotAuthenticated from None

        register_credential("key", actor_of_key)
