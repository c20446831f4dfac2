"""The one summary comment of a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linter import __version__
from linter.finding import Finding
from linter.reporters.markup import text
from linter.reporters.text import count
from linter.review import words
from linter.review.compare import Comparison
from linter.review.plan import Plan
from linter.review.words import Section

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

RULES = 12  # rules whose techniques' exclusions are listed


def summary(found: Comparison, now: Plan, page: str, catalog: Catalog | None) -> str:
    """Its text. `page`: the repository's address, for links; `catalog`: None where there is none."""
    on_lines = len(now.posts) + len(now.kept)
    new = len({finding.fingerprint for finding in found.fresh})
    said = [words.sentence(new, on_lines, len(found.report.rules), found.gone)]
    for failure in found.report.failures:
        said.append(f"❗ Not linted: {text(failure)}")
    for note in found.report.notes:
        said.append(f"ℹ️ {text(note)}")

    def listed(title: str, findings: Sequence[Finding], folded: bool = False) -> Section:
        return Section(title, tuple(_line(one, found, page) for one in findings), folded)

    sections = [
        listed(f"Outside the diff ({len(now.outside)})", now.outside),
        listed(f"{'More than fit as comments' if on_lines else 'New'} ({len(now.over)})", now.over),
        listed(f"Resolved by a person, not said again ({len(now.silent)})", now.silent, True),
        listed(f"{count(len(found.known), 'older finding')} in the touched files", found.known, True),
    ]
    if catalog is not None:
        sections.append(_exclusions(found, catalog))
    snapshot = str(found.report.snapshot.get("hash") or "")[:12]
    foot = f"siftlint {__version__}{f', catalog {text(snapshot)}' if snapshot else ''}, {found.base[:7]}…{found.head[:7]}"
    return words.summary(found.fresh, said, [one for one in sections if one.lines], foot)


def _line(finding: Finding, found: Comparison, page: str) -> str:
    file = found.file(finding.path)
    return words.line(finding, page, found.head, file.name if file else "")


def _exclusions(found: Comparison, catalog: Catalog) -> Section:
    from linter.review import exclusions

    lines: list[str] = []
    for rule in found.rules[:RULES]:
        lines += exclusions.table(rule, catalog)
    if len(found.rules) > RULES:
        lines.append(f"… and {len(found.rules) - RULES} more rules")
    return Section("What rules for the same techniques commonly exclude", tuple(lines), True)
