from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

# A page that would turn hubbub upside down, if it could.
STYLES = """
* { box-sizing: content-box; letter-spacing: 3px; }
body, textarea, button { font-family: monospace; font-size: 30px; text-transform: uppercase; color: red; }
button { display: none; }
hubbub-chat { block-size: 20rem; --accent: rgb(0, 0, 255); }
"""


def own(request: HttpRequest, conversation: int | None = None) -> HttpResponse:
    scheme = request.GET.get("scheme", "light")
    return render(request, "own.html", {"conversation": conversation, "scheme": scheme})


urlpatterns = [
    path("up", lambda request: HttpResponse("up")),
    path("own/", own),
    path("own/<int:conversation>/", own),
    path("own.css", lambda request: HttpResponse(STYLES, "text/css")),
    path("login/", LoginView.as_view(template_name="login.html")),
    path(settings.AT, include("hubbub.urls")),  # type: ignore[misc]
]
