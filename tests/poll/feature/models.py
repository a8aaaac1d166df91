from django.conf import settings
from django.db import models


class Vote(models.Model):
    """One user's vote in a poll, which is only a name."""

    poll = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    option = models.CharField(max_length=50)

    objects: "models.Manager[Vote]" = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["poll", "user"], name="poll_vote_once"),)

    def __str__(self) -> str:
        return f"{self.poll}: {self.option}"
