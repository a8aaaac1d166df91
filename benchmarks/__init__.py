"""hubbub and its peers under the same load: ``python -m benchmarks`` measures, and writes ``RESULTS.md``."""
