from hubbub.notifications import notification_kind

notification_kind("task", "Tasks for you, and what becomes of yours")
