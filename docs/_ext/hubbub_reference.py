"""Directives that write reference tables from the code, while the site is built: there is no copy to go stale."""

from collections.abc import Callable, Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from tables import checks, close_codes, commands, errors, limits, metrics

TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "hubbub-checks": checks,
    "hubbub-close-codes": close_codes,
    "hubbub-commands": commands,
    "hubbub-errors": errors,
    "hubbub-limits": limits,
    "hubbub-metrics": metrics,
}


class Written(SphinxDirective):
    """Markdown, a line at a time, that the function of the directive's name writes."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(TABLES[self.name]()), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    for name in TABLES:
        app.add_directive(name, Written)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
