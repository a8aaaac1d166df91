"""The browser UI: one page, its script built from ``web/``, and what the page starts from."""
