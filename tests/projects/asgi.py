from django.core.asgi import get_asgi_application

from hubbub.django.application import hubbub_application

application = hubbub_application(get_asgi_application())
