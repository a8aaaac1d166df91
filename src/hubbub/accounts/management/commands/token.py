"""``hubbub token NAME``: an access token for a script."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hubbub.accounts import actions, policy, queries
from hubbub.engine.actor import SYSTEM


class Command(BaseCommand):
    help = "Prints an access token of a user. Its sign-in is in the admin, and can be signed out there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--days", type=float, default=1, help="How long it lasts (default: %(default)s).")

    def handle(self, *, name: str, days: float, **options: Any) -> None:
        if not 0 < days <= 3650:
            raise CommandError("--days must be more than 0 and at most 3650.")
        user = queries.user_named(name)
        if not policy.active(user):
            raise CommandError(f"There is no active user {name!r}.")
        self.stdout.write(str(actions.sign_in_with_access_token(SYSTEM, user, timedelta(days=days))))
