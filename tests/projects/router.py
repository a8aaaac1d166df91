from typing import Any

BESIDE = {"auth", "contenttypes", "token_blacklist"}


def moved(app_label: str) -> bool:
    return app_label.startswith("hubbub") or app_label in BESIDE


class ChatRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "chat" if moved(model._meta.app_label) else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "chat") == moved(app_label)
