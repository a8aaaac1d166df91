from django.urls import path

from hubbub.accounts import api

app_name = "hubbub_accounts"

urlpatterns = [
    path("auth/register/", api.Register.as_view(), name="register"),
    path("auth/token/", api.Token.as_view(), name="token"),
    path("auth/token/refresh/", api.TokenRefresh.as_view(), name="token-refresh"),
    path("auth/token/verify/", api.TokenVerify.as_view(), name="token-verify"),
    path("auth/token/blacklist/", api.TokenBlacklist.as_view(), name="token-blacklist"),
    path("auth/session/", api.Session.as_view(), name="session"),
    path("auth/me/", api.Me.as_view(), name="me"),
    path("auth/ticket/", api.Ticket.as_view(), name="ticket"),
]
