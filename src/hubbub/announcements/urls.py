from django.urls import path

from hubbub.announcements import api

app_name = "hubbub_announcements"

urlpatterns = [
    path("announcements/", api.Announcements.as_view(), name="announcements"),
    path("announcements/see/", api.See.as_view(), name="see"),
    path("announcements/<int:announcement>/acknowledge/", api.Acknowledge.as_view(), name="acknowledge"),
    path("announcements/sent/", api.Sent.as_view(), name="sent"),
    path("announcements/sent/<int:announcement>/", api.SentDetail.as_view(), name="sent-detail"),
    path("announcements/sent/<int:announcement>/readers/", api.Readers.as_view(), name="readers"),
]
