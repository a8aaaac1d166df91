"""The documentation site: ``make docs``. Nothing is fetched while it is built, and its pages load nothing of others."""

import logging
import os
import sys
import tempfile
from pathlib import Path

import django

import hubbub

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

# The server's own settings, so that what is documented is what is installed. No database is opened.
os.environ["DJANGO_SETTINGS_MODULE"] = "hubbub.django.settings"
os.environ["HUBBUB_DATA_DIR"] = tempfile.mkdtemp(prefix="hubbub-docs-")

django.setup()

project = "hubbub"
author = "the hubbub contributors"
copyright = author
release = version = hubbub.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "hubbub_reference",
]
# A pattern in a table of contents may be ahead of its page. (This warning has no type to suppress it by.)
logging.getLogger("sphinx.sphinx.directives.other").addFilter(lambda record: "glob pattern" not in str(record.msg))

exclude_patterns = ["_build", "_ext"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
add_module_names = False

# Code and quoted settings stand in plain text too: what is copied from it has to work.
smartquotes = False

html_theme = "furo"
html_title = "hubbub"
html_static_path = ["_static"]
html_css_files = ["hubbub.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#9a4110",
        "color-brand-content": "#9a4110",
        "color-brand-visited": "#7b3b86",
        "color-background-primary": "#fffdf9",
        "color-background-secondary": "#f5f2ed",
        "color-background-border": "#dcd5ca",
        "color-foreground-primary": "#211d18",
        "color-foreground-secondary": "#645c51",
        "color-foreground-muted": "#645c51",
        "color-highlight-on-target": "#f8e6d8",
    },
    "dark_css_variables": {
        "color-brand-primary": "#f2a46f",
        "color-brand-content": "#f2a46f",
        "color-brand-visited": "#d8a3e2",
        "color-background-primary": "#1d1a17",
        "color-background-secondary": "#161412",
        "color-background-border": "#3b352e",
        "color-foreground-primary": "#f1ece4",
        "color-foreground-secondary": "#aea498",
        "color-foreground-muted": "#aea498",
        "color-highlight-on-target": "#3b2719",
    },
}
