"""The UI's URLs: ``path("chat/", include("hubbub.web.urls"))`` puts it where a project wants it."""

from django.urls import re_path

from hubbub.web import views

app_name = "hubbub_web"

# The UI finds its way by the rest of the path; it is one page.
urlpatterns = [re_path(r"^(.*)$", views.index, name="index")]
