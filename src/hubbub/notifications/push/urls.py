from django.urls import path

from hubbub.notifications.push import api

urlpatterns = [
    path("notifications/push/", api.Devices.as_view(), name="push"),
    path("notifications/push/forget/", api.Forget.as_view(), name="push-forget"),
    path("notifications/push/<int:device>/", api.Device.as_view(), name="push-device"),
]
