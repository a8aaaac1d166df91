from typing import Any

APPS = {"hubbub", "hubbub_accounts", "hubbub_chat", "auth", "contenttypes", "token_blacklist"}


class ChatRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "chat" if model._meta.app_label in APPS else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "chat") == (app_label in APPS)
