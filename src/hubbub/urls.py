"""All of hubbub's URLs for a project: ``path("hubbub/", include("hubbub.urls"))``.

The browser UI stands at the root of it, the REST API below ``api/``. A project that wants them apart includes
``hubbub.web.urls``, ``hubbub.accounts.urls`` and ``hubbub.chat.urls``, each where it likes.
"""

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.urls import include, re_path

from hubbub.django.features import feature_urls

if not apps.is_installed("hubbub.django"):
    raise ImproperlyConfigured(
        "hubbub's URLs are included, and its apps are not: INSTALLED_APPS = [*hubbub.APPS, ...]."
    )

urlpatterns = feature_urls()
if apps.is_installed("hubbub.web"):
    # The UI finds its way by the rest of the path; what the API doesn't know is no page.
    urlpatterns.append(re_path(r"^(?!api/)", include("hubbub.web.urls")))
