"""The ``hubbub`` command: Django's own, with hubbub's settings where none are named."""

import os
import sys


def main() -> None:
    """Run a management command; ``hubbub serve`` serves."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.django.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["hubbub", *sys.argv[1:]])
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"hubbub: {error}")  # What to set is all that helps.
