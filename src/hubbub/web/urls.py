"""The UI's URLs, as a part of ``hubbub.urls`` or where a project wants them."""

from django.urls import path, re_path

from hubbub.web import views
from hubbub.web.mails import MailsOff

app_name = "hubbub_web"

# The UI finds its way by the rest of the path; it is one page, but for what is staff's.
urlpatterns = [
    # Where it stands says for which pages it is: all of the UI's.
    path("push-worker.js", views.push_worker, name="push_worker"),
    path("mails/off/<str:token>/", MailsOff.as_view(), name="mails_off"),
    re_path(r"^inspector/?$", views.inspector, name="inspector"),
    re_path(r"^(.*)$", views.index, name="index"),
]
