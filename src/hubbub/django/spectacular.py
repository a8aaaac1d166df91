"""The settings of drf-spectacular for hubbub's own API: the server's, and a project's where it wants the same.

``SPECTACULAR_SETTINGS = {**hubbub.django.spectacular.SETTINGS, "TITLE": "Ours"}``
"""

from typing import Any

from hubbub import __version__

DOCUMENT: dict[str, Any] = {
    "TITLE": "hubbub",
    "DESCRIPTION": "The REST side of hubbub. How to read it: docs/reference/rest.md.",
    "VERSION": __version__,
    # msgspec writes JSON Schema 2020-12, which is OpenAPI's own from 3.1 on.
    "OAS_VERSION": "3.1.0",
    # Enumerations stand where they are used, as in the other documents of the same types.
    "POSTPROCESSING_HOOKS": [],
}
"""What the document itself hangs on."""

SETTINGS: dict[str, Any] = {
    **DOCUMENT,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Without its own validator badge: it is another site's.
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None, "deepLinking": True, "tryItOutEnabled": True},
}
