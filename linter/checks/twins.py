"""Public rules that are this rule, or say the same: what `duplicate-rule` and `upstream-drift` stand on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linter import logic
from linter.catalog.load import Catalog
from linter.catalog.model import CatalogRule, exact_forms, positives, telling
from linter.checks.base import RuleContext
from linter.rule import Indicator, Rule

NAMING = frozenset(("derived", "obsolete", "merged", "renamed", "similar", "mention"))


class Own(NamedTuple):
    """What a rule under lint looks for and excludes, in the catalog's terms. `alone`: what stands by itself in an exclusion.

    `plain` is false where the rule computes columns or consults lists, of which the catalog keeps nothing.
    """

    indicators: frozenset[Indicator]
    told: frozenset[Indicator]  # those that tell rules apart
    excluded: frozenset[Indicator]
    alone: frozenset[Indicator]
    plain: bool


def own(context: RuleContext) -> Own:
    """The rule's own side. Found once a rule."""
    found = context.shared.get("own side")
    if not isinstance(found, Own):
        found = context.shared["own side"] = _own(context.rule)
    return found


def _own(rule: Rule) -> Own:
    indicators = frozenset(positives(rule))
    excluded: set[Indicator] = set()
    alone: set[Indicator] = set()
    for clause in logic.exclusions(rule):
        for part in clause.parts:
            forms = exact_forms(part)
            excluded.update(forms)
            if clause.alone:
                alone.update(forms)
    plain = all(not one.derived and not one.listed and one.indicators for one in rule.predicates())
    return Own(indicators, telling(indicators), frozenset(excluded), frozenset(alone), plain)


def is_itself(rule: Rule, other: CatalogRule) -> bool:
    """Whether a catalog rule is this very rule: its id, or its place in its repository."""
    if rule.id and rule.id == other.id:
        return True
    path = rule.path.replace("\\", "/")
    return rule.vendor == other.vendor and (path == other.path or path.endswith("/" + other.path))


def like(context: RuleContext) -> Iterator[CatalogRule]:
    """The catalog rules that look for exactly the same on the same events, this very rule left out, sorted by handle."""
    rule, mine = context.rule, own(context)
    if not mine.told:
        return
    catalog = context.catalog
    classes = set(rule.classes)
    for handle in sorted(context.related):
        if catalog.norm(handle)[0] != len(mine.told):
            continue
        other = catalog.rule(handle)
        if not is_itself(rule, other) and frozenset(other.indicators) == mine.indicators and set(other.classes) == classes:
            yield other


def date(catalog: Catalog, other: CatalogRule) -> str:
    """The date of the snapshot that a catalog rule is from; "" when it is not known."""
    for corpus in catalog.manifest.get("corpora", ()):
        if corpus.get("vendor") == other.vendor and not other.layer:
            found = corpus.get("date", "")
            return "" if found == "unknown" else str(found)
    return ""
