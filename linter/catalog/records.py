"""A rule → its record: what a build keeps of it before the other rules are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linter import logic
from linter.catalog.model import CatalogRule, exact_forms, positives
from linter.rule import Indicator, Predicate, Rule

_NAMED = frozenset(("derived", "obsolete", "merged", "renamed", "similar"))
MAX_CLAUSES = 2000  # of several leaves, a rule; the largest public rule has some two hundred


class Leaf(NamedTuple):
    """An excluded leaf before its kind is known: its exact form, what it is a part of (`broad`), and the selection it is in."""

    indicator: Indicator
    broad: tuple[Indicator, ...]
    listed: bool
    alone: bool
    label: str


class Record(NamedTuple):
    """What the build keeps of a rule. `rule` has neither handle nor exclusions yet; clauses are factors of leaf numbers."""

    key: str
    rule: CatalogRule
    leaves: tuple[Leaf, ...]
    clauses: tuple[tuple[tuple[int, ...], ...], ...]
    written: tuple[tuple[Indicator, str], ...]
    spellings: tuple[tuple[str, str, str, str, str], ...]  # canonical field, op, native field, native op, template
    titles: tuple[tuple[str, str, str, str], ...]  # provider, id, class, title
    names: tuple[str, ...]
    mentions: tuple[str, ...]
    corpus: str = ""


def record(rule: Rule, path: str) -> Record:
    """The record of a rule; `path` is where it lies in its repository."""
    found = positives(rule)
    titles: dict[tuple[str, str, str, str], None] = {}
    events: dict[tuple[str, str, str, bool], None] = {}
    for event in rule.events:
        if event.id:  # a provider alone is no concrete event
            titles[event.provider, event.id, event.cls, event.title] = None
            events[event.cls, event.provider, event.id, event.implied] = None
    classes = dict.fromkeys(cls for cls in rule.classes if cls)
    leaves, clauses = _exclusions(rule)
    written: dict[Indicator, str] = {}
    spellings: list[tuple[str, str, str, str, str]] = []
    for predicate in rule.predicates():
        if not predicate.derived and not predicate.listed:
            _spell(predicate, written, spellings)
    shown = CatalogRule(
        handle="", vendor=rule.vendor, id=rule.id, title=rule.title, path=path, url="", layer="", author=rule.author,
        date=rule.date, status=rule.status, level=rule.level, kind=rule.kind, platforms=rule.platforms, domain=rule.domain,
        techniques=tuple(sorted(technique.id for technique in rule.techniques)), classes=tuple(classes), events=tuple(events),
        indicators=tuple(sorted(found)), assumed=frozenset(one for one, how in found.items() if how.assumed),
        secondary=frozenset(one for one, how in found.items() if how.secondary), excluded=(), clauses=(),
        lists=tuple(sorted({one.name for one in rule.lists})),
        related=tuple(sorted({one.id for one in rule.related if one.kind in _NAMED})), family="",
    )  # fmt: skip
    key = f"{rule.vendor}:{rule.id}" if rule.id else f"{rule.vendor}:{path}#{rule.title}"
    mentions = tuple(sorted({one.id for one in rule.related if one.kind == "mention"}))
    return Record(
        key, shown, leaves, clauses, tuple(written.items()), tuple(spellings), tuple(titles), shown.related, mentions
    )  # fmt: skip


def _spell(predicate: Predicate, written: dict[Indicator, str], spellings: list[tuple[str, str, str, str, str]]) -> None:
    """How a predicate's indicators are written natively, where the canonical value is a piece of the native one."""
    low = predicate.value.lower()
    straight = len(low) == len(predicate.value)
    for form in predicate.indicators:
        at = low.find(form.value.lower()) if straight else -1
        if at >= 0 and form.op != "re":
            written.setdefault(form, predicate.value[at : at + len(form.value)])
    for form in exact_forms(predicate)[:1]:
        at = low.find(form.value.lower()) if straight else -1
        if at >= 0:
            template = "".join((predicate.value[:at], "{}", predicate.value[at + len(form.value) :]))
            if len(template) <= 6 and "\t" not in template:
                spellings.append((form.field, form.op, predicate.field, predicate.native, template))


def _exclusions(rule: Rule) -> tuple[tuple[Leaf, ...], tuple[tuple[tuple[int, ...], ...], ...]]:
    """The excluded leaves, each once, and the clauses of several leaves as factors of leaf numbers."""
    numbers: dict[Indicator, int] = {}
    leaves: list[Leaf] = []
    groups: dict[tuple[str, ...], dict[tuple[tuple[int, ...], ...], None]] = {}
    for clause in logic.exclusions(rule):
        factors = []
        for part in clause.parts:
            forms = exact_forms(part)
            broad = tuple(form for form in part.indicators if form not in forms)
            for form in forms:
                if form not in numbers:
                    numbers[form] = len(leaves)
                    leaves.append(Leaf(form, broad, part.listed, False, clause.label))
                if clause.alone:
                    leaves[numbers[form]] = leaves[numbers[form]]._replace(alone=True)
            if forms:
                factors.append(tuple(numbers[form] for form in forms))
        if factors and not clause.alone:
            key = (clause.label, "" if clause.whole else "sampled", *(part.canonical for part in clause.parts))
            groups.setdefault(key, {})[tuple(factors)] = None
    clauses: dict[tuple[tuple[int, ...], ...], None] = {}
    for key, members in groups.items():
        clauses.update(dict.fromkeys(_factored(list(members), key[1] == "sampled")))
    return tuple(leaves), tuple(clauses)[:MAX_CLAUSES]


def _factored(members: list[tuple[tuple[int, ...], ...]], sampled: bool) -> Iterable[tuple[tuple[int, ...], ...]]:
    """Clauses over the same fields as one product, where they are one."""
    merged = tuple(tuple(dict.fromkeys(n for factor in column for n in factor)) for column in zip(*members, strict=True))
    size = 1
    for factor in merged:
        size *= len(factor)
    if sampled or size == len(members):
        return [merged]
    return members
