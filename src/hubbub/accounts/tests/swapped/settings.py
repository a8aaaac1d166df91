from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "hubbub.accounts.tests.swapped"]
AUTH_USER_MODEL = "swapped.Person"
