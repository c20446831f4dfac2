"""The checks' pages: a check's docstring as HTML, and its examples with what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import NamedTuple

from markupsafe import Markup

from linter import engine
from linter.catalog.load import Catalog
from linter.catalog.snapshot import SnapshotError
from linter.checks import registry
from linter.checks.base import Check, Example, Options
from linter.discover import SUFFIXES, Look
from linter.reporters.clean import plain
from linter.site.book import Book, inline
from linter.source import Source


class Section(NamedTuple):
    """A heading and what stands under it."""

    title: str
    html: Markup


class Shown(NamedTuple):
    """An example: its lines, the line that a finding is on (0: none), and what it says."""

    title: str
    lines: tuple[str, ...]
    found: bool
    line: int
    said: Markup


def check_page(book: Book, name: str) -> str:
    """The page of a check."""
    check = registry.check(name)
    lead, sections = sections_of(check.__doc__ or "")
    examples = [_example(check, one, True, book.catalog) for one in check.INVALID]
    examples += [_example(check, one, False, book.catalog) for one in check.VALID]
    dialects = ", ".join(check.CHECK.dialects)
    return book.render(
        "check.html",
        f"checks/{name}.html",
        info=check.CHECK,
        lead=inline(lead),
        sections=sections,
        examples=examples,
        dialects=dialects,
    )


def checks_index(book: Book) -> str:
    """The list of checks."""
    groups: dict[bool, list[dict[str, object]]] = {False: [], True: []}
    for check in registry.checks():
        info = check.CHECK
        about = f"{info.severity}; {info.summary}"
        groups[info.statistical].append(
            {"href": f"{info.id}.html", "code": True, "name": info.id, "about": about, "number": None}
        )
    return book.render(
        "list.html",
        "checks/index.html",
        title="Checks",
        count=len(registry.IDS),
        lead="What siftlint looks at in a rule. Each page says what is found, why it matters and when to ignore it.",
        groups=[
            {"name": "Provable from the rule", "rows": groups[False]},
            {"name": "Statistical: what rules like it do", "rows": groups[True]},
        ],
    )


def sections_of(text: str) -> tuple[str, list[Section]]:
    """(the first sentence, the sections) of a check's docstring."""
    lead, title = "", ""
    sections: list[Section] = []
    blocks: list[Markup] = []
    for block in cleandoc(text).split("\n\n"):
        head, _, body = block.partition("\n") if block.startswith("## ") else ("", "", block)
        if head:
            if blocks:
                sections.append(Section(title, Markup("\n").join(blocks)))
            title, blocks = head.removeprefix("## ").strip(), []
        if not lead and not title:
            lead = " ".join(body.split())
        elif body.strip():
            blocks.extend(_blocks(body))
    if blocks:
        sections.append(Section(title, Markup("\n").join(blocks)))
    return lead, sections


def _blocks(body: str) -> Iterator[Markup]:
    """A block without blank lines: paragraphs, lists and indented texts, in the order in which they stand."""
    lines = body.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        stop = at + 1
        if line.startswith("- "):
            items: list[str] = []
            while at < len(lines) and (lines[at].startswith("- ") or (items and lines[at].startswith("  "))):
                if lines[at].startswith("- "):
                    items.append(lines[at][2:])
                else:
                    items[-1] += " " + lines[at].strip()
                at += 1
            yield Markup("<ul>") + Markup("").join(Markup("<li>{}</li>").format(inline(one)) for one in items) + Markup("</ul>")
            continue
        if line.startswith("    "):
            while stop < len(lines) and lines[stop].startswith("    "):
                stop += 1
            yield Markup("<pre><code>{}</code></pre>").format("\n".join(one[4:] for one in lines[at:stop]))
        elif line.startswith("|"):
            while stop < len(lines) and lines[stop].startswith("|"):
                stop += 1
            yield _table(lines[at:stop])
        else:
            while stop < len(lines) and not lines[stop].startswith(("- ", "    ", "|")):
                stop += 1
            yield Markup("<p>{}</p>").format(inline(" ".join(lines[at:stop])))
        at = stop


def _table(lines: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]
    out = Markup("")
    for number, row in enumerate(rows):
        cell = Markup("<td>{}</td>") if number else Markup('<th scope="col">{}</th>')
        out += Markup("<tr>") + Markup("").join(cell.format(inline(text)) for text in row) + Markup("</tr>")
    return Markup('<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>') + out + Markup("</table></div>")


def _example(check: Check, example: Example, found: bool, catalog: Catalog) -> Shown:
    lines = tuple(plain(line) for line in example.text.rstrip("\n").split("\n"))
    return Shown(
        example.title, lines, found, example.line, inline(plain(_said(check, example, catalog))) if found else Markup("")
    )


def _said(check: Check, example: Example, catalog: Catalog) -> str:
    """The message on an invalid example; the part of it that the check declares where the catalog at hand gives none."""
    path = f"example{SUFFIXES[example.dialect][0]}"
    look = Look(path, "rule", example.dialect, Source(path, example.text))
    options = Options(select=(check.CHECK.id,), persona=example.persona)
    try:
        result = engine.lint_look(look, options, lambda: catalog)
        findings = engine.report([result], lambda _: options).findings
    except SnapshotError:
        findings = ()
    return next((one.message for one in findings if one.begin.line == example.line), example.message)
