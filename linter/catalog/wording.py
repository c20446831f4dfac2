"""A canonical exclusion in a rule's own words: the native field, operator and value that its vendor's rules would write."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from linter.catalog.model import Spelling
from linter.catalog.peers import base_field
from linter.rule import Indicator, Rule
from linter.taxonomy import fields

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

_UNIX = frozenset(("linux", "macos"))


class Native(NamedTuple):
    """An exclusion as the rule's author would write it: (field, op, value), op one of rule.OPS."""

    field: str
    op: str
    value: str


class Wording:
    """The words of one rule: the names it uses itself come first, then those of its log source, then its vendor's commonest."""

    def __init__(self, rule: Rule, catalog: Catalog) -> None:
        self._vendor = rule.vendor
        self._catalog = catalog
        self._own: dict[str, Counter[str]] = {}
        for predicate in rule.predicates():
            if predicate.field and not predicate.derived:
                self._own.setdefault(base_field(predicate.canonical), Counter())[predicate.field] += 1
        self._words = fields.scopes(rule.events, ())
        self._unix = bool(rule.platforms) and _UNIX.issuperset(rule.platforms)

    def fields(self, base: str) -> tuple[str, ...]:
        """The native fields for a canonical one, the rule's own first; () when none is known."""
        own = [name for name, _ in self._own.get(base, Counter()).most_common()]
        return tuple(dict.fromkeys((*own, *fields.natives(self._vendor, base, self._words))))

    def native(self, leaf: Indicator) -> Native | None:
        """The exclusion in native words; None when no native field is known for it."""
        base = base_field(leaf.field)
        names = self.fields(base)
        spellings = self._catalog.spellings(leaf.field, leaf.op, self._vendor)
        fitting = [one for one in spellings if self._fits(one, leaf.value)]
        value = self._catalog.written(leaf) if leaf.value else ""
        name = names[0] if names else ""
        # How this very field is written with the operator, else how its vendor's commonest field is.
        chosen = max(fitting, key=lambda one: (one.field.lower() == name.lower(), one.uses), default=None)
        if chosen is None:
            return Native(name, leaf.op, value) if name else None
        field = name or chosen.field
        return Native(field, _op(chosen, leaf), chosen.template.replace("{}", value) if value else value)

    def _fits(self, spelling: Spelling, value: str) -> bool:
        """Whether a spelling's separators are those of the rule's platform, and it is a plain one."""
        if "|all" in spelling.op or spelling.op.startswith("re"):
            return spelling.op.startswith("re") and value == spelling.template
        return ("\\" if self._unix else "/") not in spelling.template or "/" in value


def _op(spelling: Spelling, leaf: Indicator) -> str:
    """The plain operator behind a native one as written."""
    first = spelling.op.partition("|")[0]
    if first in ("contains", "startswith", "endswith", "re", "cidr", "exists"):
        return first
    return leaf.op if leaf.op in ("null", "cidr", "re", "like", "gt", "gte", "lt", "lte", "keyword") else "eq"
