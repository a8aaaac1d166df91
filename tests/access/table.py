"""What everybody gets. A route, command or socket without a row here fails the tests, and so does a stale row.

anonymous  has not signed in, where guests are not let in (the default in production)
guest      has not signed in, where guests are let in; for commands the only kind without a user
outsider   signed in, in none of the conversations in question
former     was in the group, and was removed from it
staff      an outsider who may use the admin, which makes no difference but for the inspector and its like, and who has
           the permissions of announcements and audiences
member     in the group and the direct conversation
maker      made the group
"""

ROLES = ("anonymous", "guest", "outsider", "former", "staff", "member", "maker")

# fmt: off
REST: dict[str, tuple[int, ...]] = {
    # "method route":                                anonymous guest outsider former staff member maker
    "GET healthz":                                       (200, 200, 200, 200, 200, 200, 200),
    "GET readyz":                                        (200, 200, 200, 200, 200, 200, 200),
    "GET index":                                         (200, 200, 200, 200, 200, 200, 200),
    "GET push_worker":                                   (200, 200, 200, 200, 200, 200, 200),
    # Whoever reads the mail has the link; this one was changed.
    "GET mails_off":                                     (400, 400, 400, 400, 400, 400, 400),
    "POST mails_off":                                    (400, 400, 400, 400, 400, 400, 400),
    # For staff; to others there is no such page, and the numbers say what it takes.
    "GET inspector":                                     (404, 404, 404, 404, 200, 404, 404),
    "GET metrics":                                       (401, 401, 403, 403, 200, 403, 403),
    # Accounts. Whoever knows the password or holds the token is let in, whatever is sent along.
    "POST api/auth/register/":                           (201, 201, 201, 201, 201, 201, 201),
    "POST api/auth/token/":                              (200, 200, 200, 200, 200, 200, 200),
    "POST api/auth/token/refresh/":                      (200, 200, 200, 200, 200, 200, 200),
    "POST api/auth/token/verify/":                       (200, 200, 200, 200, 200, 200, 200),
    "POST api/auth/token/blacklist/":                    (200, 200, 200, 200, 200, 200, 200),
    "POST api/auth/session/":                            (200, 200, 200, 200, 200, 200, 200),
    "DELETE api/auth/session/":                          (401, 401, 204, 204, 204, 204, 204),
    "GET api/auth/me/":                                  (401, 401, 200, 200, 200, 200, 200),
    "POST api/auth/ticket/":                             (401, 401, 200, 200, 200, 200, 200),
    # One's own account; what another has, a sign-in for one, is as absent.
    "PATCH api/auth/me/":                                (401, 401, 200, 200, 200, 200, 200),
    "POST api/auth/password/":                           (401, 401, 204, 204, 204, 204, 204),
    "GET api/auth/email/":                               (401, 401, 200, 200, 200, 200, 200),
    "POST api/auth/email/":                              (401, 401, 202, 202, 202, 202, 202),
    "GET api/auth/logins/":                              (401, 401, 200, 200, 200, 200, 200),
    "DELETE api/auth/logins/":                           (401, 401, 204, 204, 204, 204, 204),
    "DELETE api/auth/logins/{login}/":                   (401, 401, 404, 404, 404, 404, 404),
    "POST api/auth/deactivate/":                         (401, 401, 204, 204, 204, 204, 204),
    # Whoever reads the mail has the link. An address may be anybody's.
    "POST api/auth/password/reset/":                     (202, 202, 202, 202, 202, 202, 202),
    "POST api/auth/password/reset/confirm/":             (200, 200, 200, 200, 200, 200, 200),
    "POST api/auth/email/verify/":                       (200, 200, 200, 200, 200, 200, 200),
    # The API's schema and its page.
    "GET api/schema/":                                   (401, 401, 200, 200, 200, 200, 200),
    "GET api/docs/":                                     (401, 401, 200, 200, 200, 200, 200),
    # One's own browsers and mails; another's browser is as absent.
    "GET api/notifications/push/":                       (401, 401, 200, 200, 200, 200, 200),
    "POST api/notifications/push/":                      (401, 401, 201, 201, 201, 201, 201),
    "POST api/notifications/push/forget/":               (401, 401, 204, 204, 204, 204, 204),
    "DELETE api/notifications/push/{device}/":           (401, 401, 404, 404, 404, 404, 404),
    "GET api/notifications/email/":                      (401, 401, 200, 200, 200, 200, 200),
    "PATCH api/notifications/email/":                    (401, 401, 200, 200, 200, 200, 200),
    # Chat: {id} is the group, {name} a room.
    "GET api/conversations/":                            (401, 401, 200, 200, 200, 200, 200),
    "POST api/conversations/":                           (401, 401, 201, 201, 201, 201, 201),
    "GET api/conversations/{id}/":                       (401, 401, 404, 404, 404, 200, 200),
    "POST api/conversations/{id}/participants/":         (401, 401, 404, 404, 404, 200, 200),
    # Only who made the group may remove others.
    "DELETE api/conversations/{id}/participants/":       (401, 401, 404, 404, 404, 404, 204),
    "POST api/conversations/{id}/leave/":                (401, 401, 404, 404, 404, 204, 204),
    "POST api/conversations/{id}/read/":                 (401, 401, 404, 404, 404, 200, 200),
    "GET api/conversations/{id}/messages/":              (401, 401, 404, 404, 404, 200, 200),
    "POST api/conversations/{id}/messages/":             (401, 401, 404, 404, 404, 201, 201),
    # Notifications: one's own.
    "GET api/notifications/":                            (401, 401, 200, 200, 200, 200, 200),
    "POST api/notifications/mark/":                      (401, 401, 200, 200, 200, 200, 200),
    "POST api/notifications/mark-all/":                  (401, 401, 200, 200, 200, 200, 200),
    "GET api/notifications/preferences/":                (401, 401, 200, 200, 200, 200, 200),
    "PUT api/notifications/preferences/":                (401, 401, 200, 200, 200, 200, 200),
    "PUT api/notifications/quiet-hours/":                (401, 401, 200, 200, 200, 200, 200),
    # Rooms are everybody's. Over REST guests only look.
    "GET api/rooms/":                                    (401, 200, 200, 200, 200, 200, 200),
    "GET api/rooms/{name}/messages/":                    (401, 200, 200, 200, 200, 200, 200),
    # One's own jobs.
    "GET api/progress/":                                 (401, 401, 200, 200, 200, 200, 200),
    # Announcements: everybody's own. Teams, groups and what is sent are for staff with Django's permission.
    "GET api/announcements/":                            (401, 401, 200, 200, 200, 200, 200),
    "POST api/announcements/see/":                       (401, 401, 200, 200, 200, 200, 200),
    "POST api/announcements/{announcement}/acknowledge/":(401, 401, 204, 204, 204, 204, 204),
    "GET api/announcements/sent/":                       (401, 401, 404, 404, 200, 404, 404),
    "POST api/announcements/sent/":                      (401, 401, 404, 404, 201, 404, 404),
    "GET api/announcements/sent/{announcement}/":        (401, 401, 404, 404, 200, 404, 404),
    "PATCH api/announcements/sent/{announcement}/":      (401, 401, 404, 404, 200, 404, 404),
    "DELETE api/announcements/sent/{announcement}/":     (401, 401, 404, 404, 204, 404, 404),
    "GET api/announcements/sent/{announcement}/readers/":(401, 401, 404, 404, 200, 404, 404),
    "GET api/teams/":                                    (401, 401, 404, 404, 200, 404, 404),
    "POST api/teams/":                                   (401, 401, 404, 404, 201, 404, 404),
    "PATCH api/teams/{team}/":                           (401, 401, 404, 404, 200, 404, 404),
    "DELETE api/teams/{team}/":                          (401, 401, 404, 404, 204, 404, 404),
    "POST api/teams/{team}/members/":                    (401, 401, 404, 404, 204, 404, 404),
    "DELETE api/teams/{team}/members/":                  (401, 401, 404, 404, 204, 404, 404),
    "GET api/temporary-groups/":                         (401, 401, 404, 404, 200, 404, 404),
    "POST api/temporary-groups/":                        (401, 401, 404, 404, 201, 404, 404),
    "PATCH api/temporary-groups/{group}/":               (401, 401, 404, 404, 200, 404, 404),
    "DELETE api/temporary-groups/{group}/":              (401, 401, 404, 404, 204, 404, 404),
    "POST api/temporary-groups/{group}/members/":        (401, 401, 404, 404, 204, 404, 404),
    "DELETE api/temporary-groups/{group}/members/":      (401, 401, 404, 404, 204, 404, 404),
}

OK, NO, WHO, SUB = "ok", "forbidden", "not_authenticated", "not_subscribed"

COMMANDS: dict[str, tuple[str, ...]] = {
    # "command target":        guest outsider former staff member maker      (the anonymous have no session)
    "subscribe group":            (NO,  NO,  NO,  NO,  OK,  OK),
    "subscribe direct":           (NO,  NO,  NO,  NO,  OK,  OK),
    "subscribe room":             (OK,  OK,  OK,  OK,  OK,  OK),
    "subscribe user.member":      (NO,  NO,  NO,  NO,  OK,  NO),
    "subscribe control":          (NO,  NO,  NO,  NO,  NO,  NO),
    "subscribe nothing.1":        (NO,  NO,  NO,  NO,  NO,  NO),
    # To forget what one never followed is no error, and tells nothing.
    "unsubscribe group":          (OK,  OK,  OK,  OK,  OK,  OK),
    # With one's own token; a guest has none.
    "auth.refresh":               (WHO, OK,  OK,  OK,  OK,  OK),
    "chat.send group":            (NO,  NO,  NO,  NO,  OK,  OK),
    "chat.send direct":           (NO,  NO,  NO,  NO,  OK,  OK),
    "chat.send room":             (OK,  OK,  OK,  OK,  OK,  OK),
    "chat.send user.member":      (NO,  NO,  NO,  NO,  NO,  NO),
    "chat.send control":          (NO,  NO,  NO,  NO,  NO,  NO),
    "chat.history group":         (NO,  NO,  NO,  NO,  OK,  OK),
    "chat.history room":          (OK,  OK,  OK,  OK,  OK,  OK),
    "chat.hide group":            (WHO, NO,  NO,  NO,  OK,  OK),
    "chat.hide room":             (WHO, OK,  OK,  OK,  OK,  OK),
    "chat.read group":            (WHO, NO,  NO,  NO,  OK,  OK),
    "chat.read room":             (WHO, OK,  OK,  OK,  OK,  OK),
    # Typing asks no database: it is for those who have subscribed, and nobody has yet.
    "chat.typing group":          (SUB, SUB, SUB, SUB, SUB, SUB),
    "chat.typing room":           (SUB, SUB, SUB, SUB, SUB, SUB),
    "chat.leave group":           (WHO, NO,  NO,  NO,  OK,  OK),
    # A direct conversation cannot be left.
    "chat.leave direct":          (WHO, NO,  NO,  NO,  NO,  NO),
    "chat.leave room":            (WHO, NO,  NO,  NO,  OK,  OK),
    "chat.create":                (WHO, OK,  OK,  OK,  OK,  OK),
    "chat.join_room":             (OK,  OK,  OK,  OK,  OK,  OK),
    "inbox.subscribe":            (WHO, OK,  OK,  OK,  OK,  OK),
    # An audience is for who is in it; whoever has signed in is in `everyone`, and who isn't staff in `users`.
    "subscribe audience.everyone": (NO, OK,  OK,  OK,  OK,  OK),
    "subscribe audience.users":   (NO,  OK,  OK,  NO,  OK,  OK),
    "subscribe audience.staff":   (NO,  NO,  NO,  OK,  NO,  NO),
    "subscribe audience.group.1": (NO,  NO,  NO,  NO,  NO,  NO),
    "subscribe announcements.member": (NO, NO, NO, NO, OK,  NO),
    "announcements.subscribe":    (WHO, OK,  OK,  OK,  OK,  OK),
    "announcements.see":          (WHO, OK,  OK,  OK,  OK,  OK),
    "announcements.acknowledge":  (WHO, OK,  OK,  OK,  OK,  OK),
    "subscribe inspect.live":     (NO,  NO,  NO,  OK,  NO,  NO),
    "subscribe inspect.u.1":      (NO,  NO,  NO,  OK,  NO,  NO),
    "subscribe inspect.stats":    (NO,  NO,  NO,  NO,  NO,  NO),
    "subscribe inspect.all":      (NO,  NO,  NO,  NO,  NO,  NO),
    "inspect.sessions":           (NO,  NO,  NO,  OK,  NO,  NO),
    "inspect.close":              (NO,  NO,  NO,  OK,  NO,  NO),
    # Whom one may not see is left out of the reply; test_presence.py has that table.
    "presence.watch":             (WHO, OK,  OK,  OK,  OK,  OK),
    "presence.set":               (WHO, OK,  OK,  OK,  OK,  OK),
    "subscribe notifications.member": (NO, NO,  NO,  NO,  OK,  NO),
    "notifications.mark":         (WHO, OK,  OK,  OK,  OK,  OK),
    "notifications.mark_all":     (WHO, OK,  OK,  OK,  OK,  OK),
    "notifications.history":      (WHO, OK,  OK,  OK,  OK,  OK),
    "notifications.preferences":  (WHO, OK,  OK,  OK,  OK,  OK),
    "notifications.set_preference": (WHO, OK, OK, OK,  OK,  OK),
    "notifications.set_quiet_hours": (WHO, OK, OK, OK, OK,  OK),
    "notifications.shown":        (WHO, OK,  OK,  OK,  OK,  OK),
    # Nobody subscribes to presence.
    "subscribe presence":         (NO,  NO,  NO,  NO,  NO,  NO),
    "subscribe presence.processes": (NO, NO, NO,  NO,  NO,  NO),
    "subscribe progress.member":  (NO,  NO,  NO,  NO,  OK,  NO),
}

SOCKETS: dict[str, tuple[int, ...]] = {
    # "path below ws/": the code that it is closed with; 0 where it is open
    #                 anonymous guest outsider former staff member maker
    "":                       (4001, 0,    0,    0,    0,    0,    0),
    "chat/{id}/":             (4001, 4001, 4003, 4003, 4003, 0,    0),
    "chat/{name}/":           (4001, 0,    0,    0,    0,    0,    0),
    "chat/":                  (4001, 0,    0,    0,    0,    0,    0),
    "notifications/":         (4001, 4001, 0,    0,    0,    0,    0),
    "stats/":                 (4001, 4001, 4003, 4003, 0,    4003, 4003),
}
# fmt: on
