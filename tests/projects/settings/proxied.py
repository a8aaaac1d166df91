"""Behind a proxy that terminates TLS and passes the host on in a header of its own."""

from tests.projects.settings.base import *

DEBUG = False
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
