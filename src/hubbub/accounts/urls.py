from django.db.transaction import non_atomic_requests
from django.urls import path

from hubbub.accounts import account_api, api, recovery_api
from hubbub.django.conf import database_alias

app_name = "hubbub_accounts"

# A spent token is refused and ends its sign-in: ATOMIC_REQUESTS would roll the one back with the other.
apart = non_atomic_requests(database_alias())

urlpatterns = [
    path("auth/register/", api.Register.as_view(), name="register"),
    path("auth/token/", api.Token.as_view(), name="token"),
    path("auth/token/refresh/", apart(api.TokenRefresh.as_view()), name="token-refresh"),
    path("auth/token/verify/", api.TokenVerify.as_view(), name="token-verify"),
    path("auth/token/blacklist/", apart(api.TokenBlacklist.as_view()), name="token-blacklist"),
    path("auth/session/", api.SignIn.as_view(), name="session"),
    path("auth/me/", account_api.Me.as_view(), name="me"),
    path("auth/password/", account_api.Password.as_view(), name="password"),
    path("auth/password/reset/", recovery_api.AskForReset.as_view(), name="password-reset"),
    path("auth/password/reset/confirm/", recovery_api.ResetPassword.as_view(), name="password-reset-confirm"),
    path("auth/email/", account_api.Email.as_view(), name="email"),
    path("auth/email/verify/", recovery_api.VerifyEmail.as_view(), name="email-verify"),
    path("auth/logins/", account_api.Logins.as_view(), name="logins"),
    path("auth/logins/<str:login>/", account_api.OneLogin.as_view(), name="login"),
    path("auth/deactivate/", account_api.Deactivate.as_view(), name="deactivate"),
    path("auth/ticket/", api.Ticket.as_view(), name="ticket"),
]
