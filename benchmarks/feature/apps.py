from hubbub.django.apps import FeatureConfig


class BenchConfig(FeatureConfig):
    name = "benchmarks.feature"
    label = "bench"
