from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from tasks import views

router = DefaultRouter()
router.register("tasks", views.TaskViewSet)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("hubbub/", include("hubbub.urls")),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("api/", include(router.urls)),
    path("", views.board, name="board"),
]
