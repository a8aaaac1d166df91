from hubbub.notifications.digests.urls import urlpatterns as digests
from hubbub.notifications.push.urls import urlpatterns as push

app_name = "hubbub_notifications"

urlpatterns = [*push, *digests]
