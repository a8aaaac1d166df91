"""Django projects that swap or set what a project may: each is served by a process of its own."""
