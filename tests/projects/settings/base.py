"""A project as startproject makes it, and hubbub by the steps of docs/how-to/existing-project.md."""

import os
from pathlib import Path
from typing import Any

import hubbub

DATA = Path(os.environ["PROJECT_DATA"])
SECRET_KEY = "django-insecure-a-project-for-tests"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "community.example"]
INSTALLED_APPS = [
    *hubbub.APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hubbub.accounts.middleware.LimitSignIns",
]
ROOT_URLCONF = "tests.projects.urls"
ASGI_APPLICATION = "tests.projects.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent.parent / "templates"],
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
DATABASES: dict[str, dict[str, Any]] = {
    "default": {"ENGINE": "hubbub.django.sqlite", "NAME": DATA / "db.sqlite3"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
HUBBUB: dict[str, Any] = {"GUESTS": True}
# Where the project has hubbub's URLs.
AT = "hubbub/"
