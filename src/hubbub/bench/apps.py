from django.apps import AppConfig


class BenchConfig(AppConfig):
    """``hubbub bench``. Stands above accounts and chat, and is needed for nothing else."""

    name = "hubbub.bench"
    label = "hubbub_bench"
    verbose_name = "Bench"
