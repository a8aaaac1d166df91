"""An app as a project has it: tasks on boards, and notes. It publishes by declaration."""
