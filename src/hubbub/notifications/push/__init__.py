"""Web Push: notifications on browsers that have no page of ours open (rules PSH-1 to PSH-9, decision 0035).

A notification is pushed by a task, ``PUSH_DELAY`` seconds after it was committed, to each browser that its user has
turned pushes on in, unless it was read or seen by then.
"""
