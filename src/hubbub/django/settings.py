"""The settings of the ``hubbub`` server itself. A Django project has its own and adds ``HUBBUB = {...}``.

Everything comes from the environment: DATABASE_URL, REDIS_URL, SECRET_KEY, DEBUG, ALLOWED_HOSTS, HUBBUB_DATA_DIR,
HUBBUB_ALLOWED_ORIGINS, HUBBUB_GUESTS, HUBBUB_TRUSTED_PROXIES, HUBBUB_MAX_BODY_BYTES, HUBBUB_LOG_LEVEL,
HUBBUB_LOG_FORMAT, HUBBUB_METRICS_TOKEN, EMAIL_URL and more: docs/reference/settings.md has them all.
"""

import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import environ
from django.core.exceptions import ImproperlyConfigured

import hubbub
from hubbub.django import spectacular
from hubbub.django.secret import is_weak, kept_secret, local_secret
from hubbub.layers.urls import split_urls
from hubbub.transports.uvicorn.redact import log_config

env = environ.Env()

DATA_DIR = Path(env.str("HUBBUB_DATA_DIR", default="hubbub-data")).absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)

# On by default for the first local start. Whatever serves it then, other machines are refused.
DEBUG = env.bool("DEBUG", default=True)
HUBBUB_LOOPBACK_ONLY = DEBUG
HUBBUB_SECRET_IS_LOCAL = not env.str("SECRET_KEY", default="")
if HUBBUB_SECRET_IS_LOCAL and not DEBUG:
    raise ImproperlyConfigured(
        "Set SECRET_KEY in the environment: a long random text, the same for all processes. "
        "Only with DEBUG on is one generated and kept in the data directory."
    )
SECRET_KEY = local_secret(DATA_DIR) if HUBBUB_SECRET_IS_LOCAL else env.str("SECRET_KEY")
if not DEBUG and is_weak(SECRET_KEY):
    raise ImproperlyConfigured(
        "SECRET_KEY can be guessed, and who knows it can sign in as anybody. Make a long random one: "
        'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

DATABASES: dict[str, Any] = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'hubbub.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "hubbub.django.sqlite"
elif _connections := env.int("HUBBUB_DATABASE_CONNECTIONS", default=20):
    # Each request has a thread of its own, and with it a connection: the pool sets bounds, and keeps them open.
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": _connections,
        # A request that gets none in this time is answered `busy`.
        "timeout": 5.0,
        # A connection that cannot be made is given up soon, and asked for again by whoever needs one.
        "reconnect_timeout": 2.0,
    }
# Where DATABASE_URL leads to a pooler, through which no notification comes: PostgreSQL itself.
if _direct := env.str("DATABASE_DIRECT_URL", default=""):
    DATABASES["direct"] = {**env.db_url_config(_direct), "TEST": {"MIRROR": "default"}}
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True

# Django 6 has tasks of its own.
TASK_APPS = ["django_tasks_db"] if django.VERSION >= (6,) else ["django_tasks", "django_tasks_db"]
INSTALLED_APPS = [
    *hubbub.APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "channels",
    *TASK_APPS,
]
# Django's tasks, kept in the database; `serve` and `hubbub worker` run them.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "hubbub.django.headers.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hubbub.accounts.middleware.LimitSignIns",
]

ROOT_URLCONF = "hubbub.django.urls"
ASGI_APPLICATION = "hubbub.django.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
MEDIA_ROOT = DATA_DIR / "uploads"
# Serves the files of installed apps, the built UI among them, without `collectstatic`.
WHITENOISE_USE_FINDERS = True
# WhiteNoise hands out files in a way that Django reads in a thread and warns of; the UI's files are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

# Of Redis or Valkey; where it is missing, processes follow each other through the database.
HUBBUB_REDIS_URL = env.str("REDIS_URL", default="")
HUBBUB_REDIS_PREFIX = env.str("HUBBUB_REDIS_PREFIX", default="hubbub")
CHANNEL_LAYERS: dict[str, Any] = {"default": {"BACKEND": "hubbub.layers.memory.InMemoryLayer"}}
if HUBBUB_REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "hubbub.layers.redis.RedisLayer",
        "CONFIG": {
            # Several, each with a share of the topics; commas also part the hosts of one URL.
            "hosts": split_urls(HUBBUB_REDIS_URL),
            "prefix": HUBBUB_REDIS_PREFIX,
            "symmetric_encryption_keys": env.list("HUBBUB_REDIS_KEYS", default=[]),
        },
    }

HUBBUB: dict[str, Any] = {"ALLOWED_ORIGINS": env.list("HUBBUB_ALLOWED_ORIGINS", default=[])}
HUBBUB["TAIL_DATABASE"] = "direct" if _direct else ""
# "messages=100/10s,logins=100/m": rates by name, over the defaults.
HUBBUB["LIMITS"] = env.dict("HUBBUB_LIMITS", default={})
for _name, _read in (
    ("GUESTS", env.bool),
    ("PUBLIC_URL", env.str),
    ("EMAIL_REQUIRED", env.bool),
    ("EVENT_DAYS", env.float),
    ("EVENTS_PER_TOPIC", env.int),
    ("LOGIN_DAYS", env.float),
    ("NOTIFICATION_DAYS", env.float),
    ("RECENT_BYTES", env.int),
    ("COMPRESSION", env.bool),
    ("METRICS_TOKEN", env.str),
    ("DRAIN_SECONDS", env.float),
    ("DRAIN_RATE", env.int),
    ("HANDSHAKES", env.int),
    ("WORKERS", env.int),
    ("BACKGROUND", env.bool),
    ("TRACING", env.bool),
    ("TASK_SECONDS", env.float),
    ("VAPID_SUBJECT", env.str),
    ("PUSH_DELAY", env.float),
    ("PUSH_LOOPBACK", env.bool),
):
    if f"HUBBUB_{_name}" in env.ENVIRON:
        HUBBUB[_name] = _read(f"HUBBUB_{_name}")
# What pushes to closed browsers are signed with; `hubbub vapid` keeps one in the data directory.
HUBBUB_VAPID_FILE = DATA_DIR / "vapid_private_key"
HUBBUB["VAPID_PRIVATE_KEY"] = env.str("HUBBUB_VAPID_PRIVATE_KEY", default="") or kept_secret(HUBBUB_VAPID_FILE)
# Addresses, networks or "unix": whose X-Forwarded-For and X-Forwarded-Proto `serve` believes.
HUBBUB_TRUSTED_PROXIES = env.list("HUBBUB_TRUSTED_PROXIES", default=[])
# What a request's body may have; `serve` refuses a larger one before Django, which would write it to a disk.
HUBBUB_MAX_BODY_BYTES = env.int("HUBBUB_MAX_BODY_BYTES", default=3 * 1024 * 1024)
CORS_ALLOWED_ORIGINS = HUBBUB["ALLOWED_ORIGINS"]
CSRF_TRUSTED_ORIGINS = HUBBUB["ALLOWED_ORIGINS"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hubbub.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["hubbub.django.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "hubbub.django.rest.exception_handler",
    # The server itself resolves the client's address, see HUBBUB_TRUSTED_PROXIES.
    "NUM_PROXIES": 0,
}
SPECTACULAR_SETTINGS = spectacular.SETTINGS
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
}

# Without a mail server, mails stand in the output of a local start, and go nowhere in production.
vars().update(env.email_url("EMAIL_URL", default="consolemail://" if DEBUG else "dummymail://"))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="hubbub@localhost")
# How long the links of mails are good for.
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_TIMEOUT", default=3600)

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_ALL", default=True)

# Everything that is logged loses its secrets and control characters on the way.
LOGGING = log_config(env.str("HUBBUB_LOG_LEVEL", default="INFO"), env.str("HUBBUB_LOG_FORMAT", default="text"))
# The pool tells of each connection that is taken.
for _name in ("django", "psycopg.pool"):
    LOGGING["loggers"][_name] = {"handlers": ["default"], "level": "WARNING", "propagate": False}
