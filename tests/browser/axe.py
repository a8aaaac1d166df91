"""What axe-core has to say against a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
GRAVE = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """Its serious and critical faults."""
    # By the debugger, not by a script tag: the page's own policy has no place for that.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found
        if each["impact"] in GRAVE
    ]
