"""``hubbub bench_cookies COUNT``: signs in the first users of ``bench_people`` as a browser. Prints session keys."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.core.management.base import BaseCommand
from django.db import transaction
from django.http import HttpRequest


class Command(BaseCommand):
    help = "Signs users in by session cookie. Prints the cookies' values."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *, count: int, **options: Any) -> None:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        with transaction.atomic():
            for user in get_user_model().objects.order_by("pk")[:count]:
                request = HttpRequest()
                request.session = store()
                login(request, user)
                request.session.save()
                self.stdout.write(str(request.session.session_key))
