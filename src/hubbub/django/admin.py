"""The admin's view of the log: to be looked at, never edited, since every client counts on it.

What the features' own pages share stands here too.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from hubbub.django.models import Event, Receipt, Stream
from hubbub.protocol.registry import registry

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
    _ListFilter = admin.SimpleListFilter
else:
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

MOST_ROWS = 10_000


class CappedPaginator(_Paginator):
    """Counts up to ``MOST_ROWS`` and no further: a large table would be read whole for the last page's number."""

    @cached_property
    def count(self) -> int:
        return self.object_list[:MOST_ROWS].count() if isinstance(self.object_list, QuerySet) else super().count


class HubbubAdmin(_ModelAdmin):
    """A page of rows that change by actions alone: nothing is added, edited or deleted past them.

    A subclass that offers an action says so, and writes what was done into Django's own log (``log_change``).
    """

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Stream)
class StreamAdmin(HubbubAdmin):
    """The topics, and how far each has come."""

    list_display = ("name", "first", "top", "epoch")
    search_fields = ("topic__startswith",)
    search_help_text = "How the topic begins: chat.42, user."
    ordering = ("topic",)

    @admin.display(description="topic", ordering="topic")
    def name(self, stream: Stream) -> str:
        return stream.topic or "(the epoch of new streams)"


class TypeFilter(admin.SimpleListFilter):
    """By type: from what is registered, since asking the table would read it all."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.name, each.name) for _, each in sorted(registry.events.items()) if each.durable]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(HubbubAdmin):
    """What has happened, the newest first. What events say is for those who may read private messages."""

    list_display = ("id", "topic", "offset", "type", "author", "created_at")
    list_select_related = ("stream",)
    list_filter = (TypeFilter,)
    search_fields = ("=stream__topic",)
    search_help_text = "A topic: chat.42"
    ordering = ("-pk",)

    def get_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:
        shown = ("id", "topic", "offset", "type", "author", "created_at")
        return (*shown, "data") if request.user.has_perm("hubbub.read_event_data") else shown

    @admin.display(ordering="stream__topic")
    def topic(self, event: Event) -> str:
        return event.stream.topic


@admin.register(Receipt)
class ReceiptAdmin(HubbubAdmin):
    """Which commands have been carried out, so that a repeat is not. What they were answered is not shown."""

    list_display = ("author", "client_id", "action", "expires_at")
    search_fields = ("=author", "=client_id")
    ordering = ("-pk",)
    fields = list_display
