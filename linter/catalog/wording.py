"""A canonical exclusion in a rule's own words: the native field, operator and value that its vendor's rules would write."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from linter import logic
from linter.catalog.model import Spelling
from linter.rule import Indicator, Rule
from linter.taxonomy import fields
from linter.taxonomy.schemas import base

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

_UNIX = frozenset(("linux", "macos"))
_PLAIN = ("contains", "startswith", "endswith", "re", "cidr", "exists")
_TEXT = ("eq", "endswith", "startswith", "contains")
_ROUND = "\\/*?.: "  # what may stand around a value in a template


class Native(NamedTuple):
    """An exclusion as the rule's author would write it: (field, op, value), op one of rule.OPS."""

    field: str
    op: str
    value: str


@lru_cache(maxsize=4096)
def _spellings(catalog: Catalog, field: str, op: str, vendor: str) -> list[Spelling]:
    return catalog.spellings(field, op, vendor)


class Wording:
    """The words of one rule: the names it uses itself come first, then those of its log source, then its vendor's commonest."""

    def __init__(self, rule: Rule, catalog: Catalog) -> None:
        self._vendor = rule.vendor
        self._catalog = catalog
        self._own: dict[str, Counter[str]] = {}
        for predicate in logic.predicates(rule):
            if predicate.field and not predicate.derived:
                self._own.setdefault(base(predicate.canonical), Counter())[predicate.field] += 1
        self._words = fields.scopes(rule.events, ())
        self._unix = bool(rule.platforms) and _UNIX.issuperset(rule.platforms)
        self._names: dict[str, tuple[str, ...]] = {}
        self._found: dict[tuple[str, str, tuple[str, ...], bool], Spelling | None] = {}

    def fields(self, field: str) -> tuple[str, ...]:
        """The native fields for a canonical one (without its part), the rule's own first; () when none is known."""
        found = self._names.get(field)
        if found is None:
            own = [name for name, _ in self._own.get(field, Counter()).most_common()]
            found = tuple(dict.fromkeys((*own, *fields.natives(self._vendor, field, self._words))))
            self._names[field] = found
        return found

    def native(self, leaf: Indicator) -> Native | None:
        """The exclusion in native words; None when no native field is known for it."""
        names = self.fields(base(leaf.field))
        value = self._catalog.written(leaf) if leaf.value else ""
        if self._vendor == "sigma":  # one name for all parts of a field
            name = names[0] if names else ""
            spelling = self._spelling(leaf, leaf.op, (name,)) or self._spelling(leaf, leaf.op, ())
            field = name or (spelling.field if spelling else "")
            if leaf.field.endswith((".sid", ".id")) and (spelling is None or spelling.field.lower() != field.lower()):
                return None  # its account fields hold names
        else:
            spelling = self._spelling(leaf, leaf.op, names)
            for op in _TEXT if spelling is None and leaf.op in (*_TEXT, "null") else ():
                spelling = spelling or self._spelling(leaf, op, names)
            field = spelling.field if spelling else ""
        if not field:
            return None
        template = spelling.template if spelling and "{}" in spelling.template else "{}"
        return Native(field, _op(spelling, leaf, template), template.replace("{}", value) if value else value)

    def _spelling(self, leaf: Indicator, op: str, names: tuple[str, ...]) -> Spelling | None:
        """How the vendor writes a (field, op) with one of these names, the rule's own and the commonest first."""
        key = (leaf.field, op, names, "/" in leaf.value)
        if key not in self._found:
            self._found[key] = self._best(leaf, op, names)
        return self._found[key]

    def _best(self, leaf: Indicator, op: str, names: tuple[str, ...]) -> Spelling | None:
        order = {name.lower() for name in names}
        own = {name.lower() for name in self._own.get(base(leaf.field), ())}
        fitting = [
            one
            for one in _spellings(self._catalog, leaf.field, op, self._vendor)
            if self._fits(one, leaf.value) and (not names or one.field.lower() in order)
        ]
        # The rule's own field, unless hardly anybody writes such a value there.
        most = max((one.uses for one in fitting), default=0)
        return max(fitting, key=lambda one: (one.field.lower() in own and one.uses * 20 > most, one.uses), default=None)

    def _fits(self, spelling: Spelling, value: str) -> bool:
        """Whether a spelling is a plain one, with the separators of the rule's platform."""
        if "|all" in spelling.op or spelling.template.replace("{}", "").strip(_ROUND):
            return False
        return ("\\" if self._unix else "/") not in spelling.template or "/" in value


def _op(spelling: Spelling | None, leaf: Indicator, template: str) -> str:
    """The plain operator: as a spelling has it, else as the value's shape asks for."""
    first = spelling.op.partition("|")[0] if spelling else leaf.op
    if first in _PLAIN and leaf.op in _TEXT:
        return first
    if leaf.op == "eq" and template[:1] in ("\\", "/"):  # a name behind its separator
        return "endswith"
    return leaf.op
