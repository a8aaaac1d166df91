from datetime import timedelta

from django.contrib.auth import get_user_model
from django.test import TestCase
from django.utils import timezone

from hubbub.notifications.models import Scheduled
from hubbub.testing import SyncEngine
from tasks import services
from tasks.models import Task
from tasks.tasks import announce_what_is_left


class TaskTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ada = get_user_model().objects.create_user("ada")
        cls.bob = get_user_model().objects.create_user("bob")

    def setUp(self):
        hub = self.enterContext(SyncEngine())
        self.adas, self.bobs = hub.connect(self.ada), hub.connect(self.bob)
        self.adas.subscribe(f"notifications.{self.ada.pk}")
        self.bobs.subscribe(f"notifications.{self.bob.pk}")
        self.client.force_login(self.ada)

    def told(self, connection):
        """The title of the next notification."""
        return connection.event("notifications.notified")["data"]["notification"]["title"]

    def test_whoever_gets_a_task_is_told(self):
        self.client.post("/api/tasks/", {"title": "Sweep", "assignee": "bob"})
        self.assertEqual(self.told(self.bobs), "ada has a task for you")
        self.adas.no_event()

    def test_whoever_wanted_it_hears_that_it_is_done(self):
        task = services.create_task(self.ada, "Sweep", self.bob)
        services.finish_task(task)
        self.assertEqual(self.told(self.adas), "Sweep is done")

    def test_the_list_is_live(self):
        self.bobs.subscribe("tasks")
        self.client.post("/api/tasks/", {"title": "Sweep"})
        self.assertEqual(self.bobs.event("tasks.task_created")["data"]["item"]["title"], "Sweep")
        Task.objects.all().delete()
        self.bobs.event("tasks.task_deleted")

    def test_a_reminder_comes_in_time(self):
        services.create_task(self.bob, "Sweep", self.bob, due=timezone.now() + timedelta(hours=2))
        self.bobs.no_event()
        services.create_task(self.bob, "Dust", self.bob, due=timezone.now() + timedelta(minutes=59))
        self.assertEqual(self.told(self.bobs), "Dust is due soon")

    def test_a_task_goes_from_one_to_another(self):
        task = services.create_task(self.ada, "Sweep", self.ada)
        self.client.patch(f"/api/tasks/{task.pk}/", {"assignee": "bob"}, content_type="application/json")
        self.assertEqual(self.told(self.bobs), "ada has a task for you")
        self.client.patch(f"/api/tasks/{task.pk}/", {"assignee": "ada"}, content_type="application/json")
        self.bobs.event("notifications.withdrawn")

    def test_nobody_is_reminded_of_what_is_gone(self):
        task = services.create_task(self.ada, "Sweep", self.bob, due=timezone.now() + timedelta(hours=2))
        self.client.delete(f"/api/tasks/{task.pk}/")
        self.bobs.event("notifications.withdrawn")
        self.assertFalse(Scheduled.objects.exists())

    def test_everybody_hears_what_is_left(self):
        self.bobs.send("announcements.subscribe")
        services.create_task(self.ada, "Sweep")
        announce_what_is_left()
        said = self.bobs.event("announcements.announced")["data"]["announcement"]
        self.assertEqual(said["title"], "Tasks that are left for today: 1")
