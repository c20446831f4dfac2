"""Public rules that are this rule, or say the same: what `duplicate-rule` and `upstream-drift` stand on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from linter import logic
from linter.catalog.load import Catalog
from linter.catalog.model import CatalogRule, exact_forms, positives, sides, telling
from linter.checks.base import RuleContext
from linter.rule import Indicator, Rule


class Own:
    """What a rule under lint looks for and excludes, in the catalog's terms; each part is made when it is first asked for."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    @cached_property
    def indicators(self) -> frozenset[Indicator]:
        """All of its positive side."""
        return frozenset(positives(self._rule))

    @cached_property
    def told(self) -> frozenset[Indicator]:
        """Those that tell rules apart."""
        return telling(self.indicators)

    @cached_property
    def excluded(self) -> frozenset[Indicator]:
        """What it excludes, alone or with other conditions."""
        return frozenset(form for clause in self._clauses for part in clause.parts for form in exact_forms(part))

    @cached_property
    def alone(self) -> frozenset[Indicator]:
        """What stands by itself in an exclusion."""
        return frozenset(
            form for clause in self._clauses if clause.alone for part in clause.parts for form in exact_forms(part)
        )

    @cached_property
    def sides(self) -> tuple[str, str]:
        """Hashes of what it looks for and of what it excludes, as `Catalog.same` knows them."""
        return sides(self.indicators, self._rule.classes, self.excluded)

    @cached_property
    def _clauses(self) -> tuple[logic.Clause, ...]:
        return logic.exclusions(self._rule)

    @cached_property
    def plain(self) -> bool:
        """False where the rule computes columns or consults lists, of which the catalog keeps nothing."""
        return all(not one.derived and not one.listed and one.indicators for one in logic.predicates(self._rule))


def own(context: RuleContext) -> Own:
    """The rule's own side. Found once a rule."""
    found = context.shared.get("own side")
    if not isinstance(found, Own):
        found = context.shared["own side"] = Own(context.rule)
    return found


def is_itself(rule: Rule, other: CatalogRule) -> bool:
    """Whether a catalog rule is this very rule: its id, or its place in its repository."""
    if rule.id and rule.id == other.id:
        return True
    path = rule.path.replace("\\", "/")
    return rule.vendor == other.vendor and (path == other.path or path.endswith("/" + other.path))


def itself(context: RuleContext) -> tuple[str, ...]:
    """The handles of its vendor's rules with its id. Found once a rule."""
    found = context.shared.get("itself")
    if not isinstance(found, tuple):
        found = context.shared["itself"] = context.catalog.by_id(context.rule.id, context.rule.vendor)
    return found


def like(context: RuleContext, same_exclusions: bool = False) -> Iterator[CatalogRule]:
    """The catalog rules that look for exactly the same on the same events, this very rule left out, sorted by handle.

    `same_exclusions`: those alone that exclude the same, too.
    """
    others = [handle for handle, gone, own_id in _same(context) if not own_id and (gone or not same_exclusions)]
    if others and own(context).told:
        for other in context.catalog.rules(sorted(others)):
            if not is_itself(context.rule, other):
                yield other


def is_current(context: RuleContext) -> bool:
    """Whether a public rule of its id and vendor looks for and excludes exactly what this one does, on the same events."""
    vendor = context.catalog.vendor
    return any(gone and own_id and vendor(handle) == context.rule.vendor for handle, gone, own_id in _same(context))


def _same(context: RuleContext) -> list[tuple[str, bool, bool]]:
    """(handle, whether it excludes the same, whether it has the rule's id) of rules that look for the same; once a rule."""
    found = context.shared.get("same")
    if not isinstance(found, list):
        catalog = context.catalog
        looks, gone = own(context).sides
        found = [
            (handle, excludes == gone, catalog.has_id(handle, context.rule.id)) for excludes, handle in catalog.same(looks)
        ]
        context.shared["same"] = found
    return found


def date(catalog: Catalog, other: CatalogRule) -> str:
    """The date of the snapshot that a catalog rule is from; "" when it is not known."""
    for corpus in catalog.manifest.get("corpora", ()):
        if corpus.get("vendor") == other.vendor and not other.layer:
            found = corpus.get("date", "")
            return "" if found == "unknown" else str(found)
    return ""
