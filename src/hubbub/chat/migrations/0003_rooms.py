from django.db import migrations, models

from hubbub.django.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("hubbub_chat", "0002_moderation"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                fields=["id"], name="hubbub_chat_rooms", condition=models.Q(("room_name__isnull", False))
            ),
        ),
    ]
