"""How users are mailed, in the admin: to look at."""

from django.contrib import admin

from hubbub.django.admin import HubbubAdmin
from hubbub.notifications.digests.models import Digest


@admin.register(Digest)
class DigestAdmin(HubbubAdmin):
    list_display = ("user", "every", "hour", "due", "tries", "sent_at")
    list_select_related = ("user",)
    list_filter = ("every",)
    search_fields = ("=user__pk",)
    search_help_text = "A user's id."
