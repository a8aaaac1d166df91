import os

from django.core.asgi import get_asgi_application

from hubbub.django.application import hubbub_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

application = hubbub_application(get_asgi_application())
