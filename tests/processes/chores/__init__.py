"""An app with a task and a job that recurs: each writes a line with its process into the file that CHORES names."""
