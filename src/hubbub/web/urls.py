"""The UI's URLs, as a part of ``hubbub.urls`` or where a project wants them."""

from django.urls import re_path

from hubbub.web import views

app_name = "hubbub_web"

# The UI finds its way by the rest of the path; it is one page, but for what is staff's.
urlpatterns = [
    re_path(r"^inspector/?$", views.inspector, name="inspector"),
    re_path(r"^(.*)$", views.index, name="index"),
]
