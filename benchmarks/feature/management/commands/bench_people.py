"""``hubbub bench_people COUNT [--groups N]``: users who have signed in. Prints an access token of each, one a line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hubbub.accounts import actions
from hubbub.chat.actions import create_conversation
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM


class Command(BaseCommand):
    help = "Makes users without a password, signs each in, and deals them out to groups. Prints their access tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)
        parser.add_argument("--groups", type=int, default=0, help="Their topics are chat.1, chat.2, ...")

    def handle(self, *, count: int, groups: int, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        model = get_user_model()
        with transaction.atomic():
            users = model.objects.bulk_create(
                model(username=f"member-{number}", password="!") for number in range(count)
            )
            for user in users:
                self.stdout.write(str(actions.sign_in_with_access_token(SYSTEM, user, timedelta(days=1))))
            for number in range(groups):
                self._make_group(number + 1, users[number::groups])

    def _make_group(self, number: int, members: list[Any]) -> None:
        names = [user.get_username() for user in members[1:]]
        made = create_conversation(actor_of_user(members[0]), names, f"Group {number}").conversation
        if made.id != number:
            raise CommandError("The database is not a new one.")
