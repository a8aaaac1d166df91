"""``hubbub bench_people COUNT``: users who have signed in. Prints an access token of each, one a line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from hubbub.accounts import actions
from hubbub.engine.actor import SYSTEM


class Command(BaseCommand):
    help = "Makes users without a password, and signs each in. Prints their access tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *, count: int, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        model = get_user_model()
        with transaction.atomic():
            users = model.objects.bulk_create(
                model(username=f"member-{number}", password="!") for number in range(count)
            )
            for user in users:
                self.stdout.write(str(actions.sign_in_with_access_token(SYSTEM, user, timedelta(days=1))))
