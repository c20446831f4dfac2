"""A rule opened in place: what it looks for, what it excludes, and which of its indicators are rare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from linter.catalog.model import CatalogRule, telling
from linter.reporters.catalog_pages import NAMES, how
from linter.rule import Indicator
from linter.site.book import Book, anchor, label, shown, tokens, web
from linter.site.rows import words

VALUES = 50  # of a rule; its source has them all
CLAUSES = 8
TELLING = 3
_KIND_WORDS = {"benign": "", "list": "own list", "delegated": "left to another rule", "definitional": "defines the detection"}


class Test(NamedTuple):
    """What a rule asks of one field: the operator in words and its values; `note` says what kind of exclusion it is."""

    field: str
    how: str
    values: tuple[str, ...]
    note: str = ""


class Line(NamedTuple):
    """A rule in a list. `body` is what opens, "" where the rule opens on another page (`href`)."""

    id: str
    title: str
    href: str
    notes: str
    platforms: str
    domains: str
    body: Markup


class Opener:
    """Makes the lines of rules; what opens is made once a rule."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._bodies: dict[str, Markup] = {}

    def line(self, rule: CatalogRule, here: str, via: Sequence[str] = ()) -> Line:
        """A rule in a list of the page `here`, with the sub-techniques by which it counts there."""
        href = self.book.href(rule, here)
        platforms, domains = tokens(*rule.platforms), tokens(rule.domain)
        notes = [label(one) for one in (*platforms, *domains)]
        if rule.level:
            notes.append(label(rule.level))
        if via:
            notes.append(f"by {', '.join(via)}")
        if rule.layer:
            notes.append(shown(rule.layer, 60))
        return Line(
            anchor(rule.handle),
            shown(rule.title or rule.id, 200),
            href,
            " · ".join(notes),
            " ".join(platforms),
            " ".join(domains),
            self.body(rule) if href.startswith("#") else Markup(""),
        )

    def body(self, rule: CatalogRule) -> Markup:
        """What opens."""
        found = self._bodies.get(rule.handle)
        if found is None:
            found = self._bodies[rule.handle] = self._made(rule)
        return found

    def _made(self, rule: CatalogRule) -> Markup:
        book = self.book
        budget = _Budget(VALUES)
        principal = [one for one in rule.indicators if one not in rule.secondary]
        looks = self._tests(((one, "") for one in principal), budget)
        alone = [leaf for leaf in rule.excluded if leaf.alone]
        excludes = self._tests(((leaf.indicator, _note(leaf.kind, leaf.cls)) for leaf in alone), budget)
        rare = sorted(telling(principal), key=lambda one: (book.reach[one], one))[:TELLING]
        facts = [rule.status, rule.author, rule.date]
        text = book.env.get_template("rule.html").render(
            url=web(rule.url),
            vendor=NAMES[rule.vendor],
            facts=" · ".join(shown(fact, 80) for fact in facts if fact),
            uid=shown(rule.id, 80),
            techniques=[one for one in rule.techniques if one in book.techniques],
            classes=[(cls, book.classes[cls]) for cls in rule.classes if cls in book.classes][:3],
            looks=looks,
            excludes=excludes,
            clauses=[self._clause(rule, clause) for clause in rule.clauses[:CLAUSES]],
            clauses_left=max(0, len(rule.clauses) - CLAUSES),
            lists=[shown(name, 80) for name in rule.lists[:20]],
            left=budget.left,
            rare=[(words(book, one), book.reach[one]) for one in rare],
            copies=len(book.catalog.copies(rule.handle)),
        )
        return Markup(text)

    def _tests(self, found: Iterable[tuple[Indicator, str]], budget: _Budget) -> list[Test]:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for one, note in found:
            if budget.take():
                groups.setdefault((one.field, one.op, note), []).append(self.book.written(one, 160) if one.value else "")
        return [
            Test(shown(field, 120) or "any text", how(op), tuple(filter(None, values)), note)
            for (field, op, note), values in groups.items()
        ]

    def _clause(self, rule: CatalogRule, clause: tuple[tuple[int, ...], ...]) -> list[str]:
        parts = []
        for factor in clause[:6]:
            leaves = [rule.excluded[index].indicator for index in factor]
            more = f" or {len(leaves) - 3} more" if len(leaves) > 3 else ""
            parts.append(" or ".join(words(self.book, one, 60) for one in leaves[:3]) + more)
        return parts


class _Budget:
    """How many values may still be shown, and how many could not."""

    def __init__(self, most: int) -> None:
        self.rest = most
        self.left = 0

    def take(self) -> bool:
        """Whether one more may be shown."""
        self.rest -= 1
        self.left += self.rest < 0
        return self.rest >= 0


def _note(kind: str, cls: str) -> str:
    return _KIND_WORDS.get(kind, "") or (label(cls).lower() if cls and cls != "other" else "")
