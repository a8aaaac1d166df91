from django.db.models.signals import pre_save
from django.dispatch import receiver

import hubbub
from tasks.models import Task


@receiver(pre_save, sender=Task)
def tell_creator(instance, **options):
    """Before it is saved, since afterwards nobody knows how it was."""
    finished = instance.done and Task.objects.filter(pk=instance.pk, done=False).exists()
    creator, title = instance.created_by, f"{instance} is done"
    if finished and creator != instance.assignee:
        hubbub.notify(creator, title, kind="task", level="success", link="/", target=instance)
