from django.urls import path

from hubbub.notifications import api
from hubbub.notifications.digests.urls import urlpatterns as digests
from hubbub.notifications.push.urls import urlpatterns as push

app_name = "hubbub_notifications"

urlpatterns = [
    path("notifications/", api.Notifications.as_view(), name="notifications"),
    path("notifications/mark/", api.Mark.as_view(), name="mark"),
    path("notifications/mark-all/", api.MarkAll.as_view(), name="mark-all"),
    path("notifications/preferences/", api.Preferences.as_view(), name="preferences"),
    path("notifications/quiet-hours/", api.QuietHours.as_view(), name="quiet-hours"),
    *push,
    *digests,
]
