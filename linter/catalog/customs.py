"""What the rules around one commonly exclude: counts over a few circles of rules, near-copies once.

The circles of a rule: the rules on the same events, those of them that share a technique with it, those that look for the same
program. For an event id that too few rules read, the rules of the same log that share its technique. A circle is kept by the
process, so that linting many rules counts each once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from linter import logic
from linter.catalog.model import NO_CLASS
from linter.rule import Indicator, Rule
from linter.taxonomy import attack
from linter.taxonomy.classes import field_kind

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

LEAST_HERE = 3  # independent rules that exclude a case
LEAST_CONSIDERED = 10  # independent rules in a circle
LEAST_SHARE = 0.05
MOST_TECHNIQUES = 50  # of a rule, whose circles are drawn
MOST_PROGRAMS = 8  # programs of a rule whose circles are drawn


class Circle(NamedTuple):
    """Rules around a rule: those on the events of a class, with a technique or program in common ("" for none)."""

    cls: str
    technique: str = ""
    program: str = ""


class Custom(NamedTuple):
    """A case that a circle's rules exclude: the leaf, its class, the handles that exclude it (one a family), and how many
    independent rules the circle holds.
    """

    circle: Circle
    indicator: Indicator
    cls: str
    rules: tuple[str, ...]
    considered: int

    @property
    def share(self) -> float:
        """The share of the circle's independent rules."""
        return len(self.rules) / self.considered


def customs(
    rule: Rule,
    catalog: Catalog,
    barred: Callable[[], Collection[str]],
    of: Callable[[Circle], Sequence[Case]],
    wanted: Callable[[Case], bool],
) -> Iterator[Custom]:
    """What at least LEAST_SHARE of some circle excludes, benign cases that have a class and are wanted only.

    `barred` gives the handles that don't testify; it is called when there is something to count. `of` gives those of a
    circle's cases (`cases`) that may be wanted of any rule.
    """
    for circle in circles(rule, catalog):
        found = [case for case in of(circle) if wanted(case)]
        if not found:
            continue
        mates, considered, _ = _counted(catalog, circle)
        related = barred()
        if not mates.isdisjoint(related):
            considered = catalog.families(mates, related)
        for case in found:
            left = tuple(handle for handle in case.rules if handle not in related)
            if len(left) >= LEAST_HERE and considered >= LEAST_CONSIDERED and len(left) >= LEAST_SHARE * considered:
                yield Custom(circle, case.indicator, case.cls, left, considered)


def everyone(catalog: Catalog, one: Custom, barred: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The rules of a case's circle, near-copies too, and those of them that exclude it, without those that don't testify."""
    mates = _counted(catalog, one.circle)[0].difference(barred)
    leaves, by_rule = _leaves(catalog, one.circle.cls)
    at = next((number for number, (leaf, _) in enumerate(leaves) if leaf == one.indicator), -1)
    return mates, frozenset(handle for handle in mates if at in by_rule.get(handle, ()))


def circles(rule: Rule, catalog: Catalog) -> Iterator[Circle]:
    """The circles of a rule in which something may be excluded.

    A technique with sub-techniques draws none: its table mixes theirs.
    """
    known = catalog.circles
    if known is None:
        yield from _circles(rule, catalog)
    elif any(cls in known or cls.count(":") > 1 for cls in rule.classes):
        yield from (circle for circle in _circles(rule, catalog) if circle[1:] in known.get(circle.cls, ()))


def _circles(rule: Rule, catalog: Catalog) -> Iterator[Circle]:
    techniques = dict.fromkeys(one.id for one in rule.techniques[:MOST_TECHNIQUES] if not _mixed(one.id))
    programs: dict[str, None] = {}
    for predicate in logic.predicates(rule):
        if not predicate.excluded and not predicate.derived:
            for one in predicate.indicators:
                if one.op == "eq" and one.field == "Image.name" and len(programs) < MOST_PROGRAMS:
                    programs[one.value] = None
    for cls in rule.classes:
        if cls.count(":") > 1 and catalog.event_class(cls).families() < LEAST_CONSIDERED:
            for technique in techniques:
                yield Circle(":".join(cls.split(":")[:2]), technique)
            continue
        yield Circle(cls)
        for technique in techniques:
            yield Circle(cls, technique)
        for program in programs:
            yield Circle(cls, program=program)


@lru_cache(maxsize=1024)
def _mixed(technique: str) -> bool:
    return bool(attack.children(technique))


class Case(NamedTuple):
    """What a circle's rules exclude, before it is known which of them don't testify: the leaf, its class, the kind of its
    field, the handles (one a family), their share of the circle's independent rules, their vendors, and how an attacker could
    walk into it ("" where that is not known).
    """

    indicator: Indicator
    cls: str
    field: str
    rules: tuple[str, ...]
    share: float
    vendors: frozenset[str]
    caveat: str


def cases(catalog: Catalog, circle: Circle) -> list[Case]:
    """What at least LEAST_HERE of a circle's rules exclude; [] for a circle of too few."""
    _, considered, found = _counted(catalog, circle)
    return found if considered >= LEAST_CONSIDERED else []


@lru_cache(maxsize=2048)
def _counted(catalog: Catalog, circle: Circle) -> tuple[frozenset[str], int, list[Case]]:
    """The rules of a circle, how many of them are independent, and what at least LEAST_HERE of these exclude.

    Few circles have anything of the kind: who excludes comes first, all rules of the circle only when they are needed.
    """
    leaves, by_rule = _leaves(catalog, circle.cls)
    excluding = by_rule.keys() & _within(catalog, circle) if circle.technique or circle.program else by_rule.keys()
    votes: dict[int, dict[str, str]] = defaultdict(dict)
    if len(excluding) >= LEAST_HERE:
        for handle in sorted(excluding):
            for at in by_rule[handle]:
                votes[at].setdefault(catalog.family(handle), handle)
    if all(len(found) < LEAST_HERE for found in votes.values()):
        return frozenset(), 0, []
    mates = catalog.event_class(circle.cls).handles
    if circle.technique or circle.program:
        mates &= _within(catalog, circle)
    considered = catalog.families(mates)
    cases = [
        _case(catalog, *leaves[at], sorted(found.values()), considered)
        for at, found in sorted(votes.items())
        if len(found) >= LEAST_HERE and len(found) >= 0.8 * LEAST_SHARE * considered
    ]
    return mates, considered, cases


def _within(catalog: Catalog, circle: Circle) -> frozenset[str]:
    """The rules of all events that a circle's technique or program has."""
    if circle.technique:
        return catalog.technique(circle.technique).handles
    return frozenset(catalog.users(Indicator("Image.name", "eq", circle.program)))


def _case(catalog: Catalog, leaf: Indicator, cls: str, rules: Sequence[str], considered: int) -> Case:
    from linter.catalog.feasible import caveat

    vendors = frozenset(map(catalog.vendor, rules))
    return Case(leaf, cls, field_kind(leaf.field), tuple(rules), len(rules) / considered, vendors, caveat(leaf))


@lru_cache(maxsize=64)
def _leaves(catalog: Catalog, cls: str) -> tuple[list[tuple[Indicator, str]], dict[str, list[int]]]:
    """The classed leaves that LEAST_HERE rules of a class exclude as benign cases by themselves; handle → those it does."""
    leaves: list[tuple[Indicator, str]] = []
    by_rule: dict[str, list[int]] = defaultdict(list)
    for row in catalog.event_class(cls).exclusions(LEAST_HERE):
        benign = [handle for handle in row.benign if handle in row.alone] if row.cls != NO_CLASS else []
        if len(benign) >= LEAST_HERE:
            for handle in benign:
                by_rule[handle].append(len(leaves))
            leaves.append((row.indicator, row.cls))
    return leaves, by_rule
