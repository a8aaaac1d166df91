from typing import Any, ClassVar

from django.db import models

import hubbub
from hubbub.engine.actor import Actor


def may_see(actor: Actor, topic: str) -> bool:
    return not actor.is_guest and actor.username != "mallory"


class Board(models.Model):
    name = models.CharField(max_length=50)

    objects: ClassVar[models.Manager["Board"]] = models.Manager()

    class Meta:
        app_label = "board"

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    name = models.CharField(max_length=50)

    objects: ClassVar[models.Manager["Label"]] = models.Manager()

    class Meta:
        app_label = "board"

    def __str__(self) -> str:
        return self.name


@hubbub.publishes(
    topic="board.{board_id}",
    may_see=may_see,
    fields=["title", "done", "due", "board", "labels", "place"],
    related=["board"],
)
class Task(models.Model):
    """On the topic of its board; on none without a board."""

    board = models.ForeignKey(Board, models.CASCADE, null=True)
    title = models.CharField(max_length=50)
    done = models.BooleanField(default=False)
    due = models.DateTimeField(null=True)
    labels = models.ManyToManyField(Label)

    objects: ClassVar[models.Manager["Task"]] = models.Manager()

    class Meta:
        app_label = "board"

    def __str__(self) -> str:
        return self.title

    @property
    def place(self) -> str:
        return self.board.name if self.board else ""


class Chore(Task):
    """The same rows by another name, as the admin likes to have them."""

    class Meta:
        app_label = "board"
        proxy = True


class Kept(models.Manager["Note"]):
    """Without those that were thrown away."""

    def get_queryset(self) -> models.QuerySet["Note"]:
        return super().get_queryset().filter(gone=False)


def as_text(note: "Note") -> dict[str, Any]:
    return {"id": note.pk, "text": note.text}


@hubbub.publishes(topic="notes", may_see=may_see, serializer=as_text)
class Note(models.Model):
    """All on one topic."""

    text = models.CharField(max_length=50)
    gone = models.BooleanField(default=False)

    everything: ClassVar[models.Manager["Note"]] = models.Manager()
    objects: ClassVar[Kept] = Kept()

    class Meta:
        app_label = "board"
        default_manager_name = "objects"

    def __str__(self) -> str:
        return self.text


def public(topic: str) -> models.QuerySet["Doc"]:
    return Doc.objects.filter(labels__name="public")


@hubbub.publishes(topic="docs", may_see=may_see, fields=["labels"], rows=public)
class Doc(models.Model):
    """Seen where a label says so."""

    labels = models.ManyToManyField(Label)

    objects: ClassVar[models.Manager["Doc"]] = models.Manager()

    class Meta:
        app_label = "board"

    def __str__(self) -> str:
        return str(self.pk)


def of_day(topic: str) -> models.QuerySet["Visit"]:
    return Visit.objects.filter(day=topic.removeprefix("day."), hidden=False).order_by("-pk")


@hubbub.publishes(
    topic=lambda visit: f"day.{visit.day}",
    kind="day",
    rows=of_day,
    may_see=may_see,
    serializer="tests.publishing.board.serializers.VisitSerializer",
)
class Visit(models.Model):
    """By a function, and through a serializer of DRF."""

    day = models.CharField(max_length=10)
    hidden = models.BooleanField(default=False)
    cost = models.DecimalField(max_digits=6, decimal_places=2)

    objects: ClassVar[models.Manager["Visit"]] = models.Manager()

    class Meta:
        app_label = "board"

    def __str__(self) -> str:
        return self.day
