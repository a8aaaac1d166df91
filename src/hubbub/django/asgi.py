"""The server's own ASGI application: ``daphne hubbub.django.asgi:application``, or any other ASGI server."""

import os

from django.core.asgi import get_asgi_application

from hubbub.django.application import hubbub_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hubbub.django.settings")

application = hubbub_application(get_asgi_application())
