from django.urls import path

from hubbub.notifications.digests import api

urlpatterns = [path("notifications/email/", api.Digests.as_view(), name="email")]
