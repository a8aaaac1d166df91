from hubbub.django.apps import FeatureConfig


class AccountsConfig(FeatureConfig):
    """Register, sign in and out, tokens, tickets."""

    name = "hubbub.accounts"
    label = "hubbub_accounts"
    verbose_name = "Accounts"
    default = True
