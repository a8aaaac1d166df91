"""Who may use a REST view."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Anybody(BasePermission):
    """No sign-in needed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return True
