"""The API's schema and the page that shows it: ``path("api/", include("hubbub.django.openapi_urls"))``.

They want ``drf_spectacular`` and ``drf_spectacular_sidecar`` in INSTALLED_APPS. Without these two there are none.
"""

from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated

app_name = "hubbub_openapi"


class ApiPage(SpectacularSwaggerSplitView):
    """Swagger UI from the sidecar, without a line of inline script or style."""

    template_name = "hubbub/openapi.html"
    url_name = "hubbub_openapi:schema"
    title = "hubbub API"

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, NotAuthenticated):  # People come here by browser: tell them in words.
            page: HttpResponse = render(self.request._request, "hubbub/openapi_sign_in.html", status=401)
            return page
        return super().handle_exception(exc)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"  # The script holds the CSRF token.
        return final


urlpatterns: list[URLPattern] = []
if apps.is_installed("drf_spectacular") and apps.is_installed("drf_spectacular_sidecar"):
    urlpatterns = [
        path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
        path("docs/", ApiPage.as_view(), name="docs"),
    ]
