"""``hubbub createuser NAME``: a user, from the command line."""

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from hubbub.accounts import actions
from hubbub.accounts.registration import new_user
from hubbub.engine.actor import SYSTEM


class Command(BaseCommand):
    help = "Makes a user. A weak password gets a warning only: who may run this decides."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--password", help="Asked for where it is left out.")
        parser.add_argument("--staff", action="store_true", help="May enter the admin, with every permission.")
        parser.add_argument("--email", default="")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")

    def handle(self, *, name: str, password: str | None, staff: bool, **options: Any) -> None:
        fields = {key: options[key] for key in ("email", "first_name", "last_name") if options[key]}
        if staff:
            fields |= {"is_staff": True, "is_superuser": True}
        if password is None:
            password = self._ask()
        if not password:
            raise CommandError("The password is empty.")
        try:
            user = new_user(name, password, weak=True, **fields)
            self._warn(password, user)
            actions.register(SYSTEM, user)
        except ValidationError as error:
            lines = (f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items())
            raise CommandError("\n".join(lines)) from None
        except actions.NameTaken as error:
            raise CommandError(f"username: {error.message}") from None
        self.stdout.write(f"Made {'the staff member' if staff else 'the user'} {user.get_username()}.")

    def _ask(self) -> str:
        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise CommandError("The two passwords differ.")
        return password

    def _warn(self, password: str, user: Any) -> None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.stderr.write(self.style.WARNING("A weak password: " + " ".join(error.messages)))
