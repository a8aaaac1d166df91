from django.urls import path

from hubbub.progress import api

app_name = "hubbub_progress"

urlpatterns = [path("progress/", api.Jobs.as_view(), name="jobs")]
