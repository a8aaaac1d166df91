"""``python -m usual_chat.make_people PEOPLE ROOMS``: tables, users who have signed in, rooms.

People are dealt out in turn to the rooms 1, 2 and so on. Prints the cookie of each, one a line.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "usual_chat.settings")


def main(people: int, rooms: int) -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import transaction

    from usual_chat.models import Room

    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # Our tables refer to those.
    with transaction.atomic():
        users = [get_user_model().objects.create_user(f"member-{number}") for number in range(people)]
        for number in range(rooms):
            Room.objects.create(name=str(number + 1)).members.set(users[number::rooms])
        for user in users:
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
            print(f"sessionid={session.session_key}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
