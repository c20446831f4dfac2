"""What the catalog says: rules, reach, and the rows of a technique's or an event class's tables. Immutable.

Handles name rules: a letter for the vendor and at least five characters that depend on the rule's key alone, so that they
stay when other rules come and go; a rule of a private layer has the layer's number before it (`1:s3k9qf`).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import log
from typing import NamedTuple

from linter import logic
from linter.finding import RuleRef
from linter.rule import Indicator, Predicate, Rule
from linter.taxonomy import values

VENDORS = ("sigma", "elastic", "splunk", "kusto", "yaral")
LETTERS = {"s": "sigma", "e": "elastic", "p": "splunk", "k": "kusto", "y": "yaral"}
KINDS = ("benign", "delegated", "definitional", "list")
NO_CLASS = "other"  # the class of an exclusion that fits none of taxonomy's


class Reach(NamedTuple):
    """How many live rules of the whole corpus use an indicator, on the positive side. `assumed` counts, apart from
    the total, those whose field mapping is a guess.
    """

    total: int
    by_vendor: dict[str, int]
    assumed: int = 0


class Excluded(NamedTuple):
    """A leaf that a rule excludes. `alone`: it stands by itself in a clause. `kind` is one of KINDS, `cls` a benign class."""

    indicator: Indicator
    kind: str
    cls: str
    alone: bool


class CatalogRule(NamedTuple):
    """A rule of the catalog. `clauses` are the exclusions of more than one leaf: each a tuple of factors, each a tuple of
    indexes into `excluded`, of which any one holds; a single leaf stands in `excluded` alone.
    `events` are (class, provider, id, implied). `secondary` are the indicators that another one implies (the folder of a path,
    the program of an OriginalFileName). `family` is the smallest handle of its near-copies, its own if it has none.
    """

    handle: str
    vendor: str
    id: str
    title: str
    path: str
    url: str
    layer: str
    author: str
    date: str
    status: str
    level: str
    kind: str
    platforms: tuple[str, ...]
    domain: str
    techniques: tuple[str, ...]
    classes: tuple[str, ...]
    events: tuple[tuple[str, str, str, bool], ...]
    indicators: tuple[Indicator, ...]
    assumed: frozenset[Indicator]
    secondary: frozenset[Indicator]
    excluded: tuple[Excluded, ...]
    clauses: tuple[tuple[tuple[int, ...], ...], ...]
    lists: tuple[str, ...]
    related: tuple[str, ...]
    family: str

    @property
    def key(self) -> str:
        """vendor:id, else vendor:path#title."""
        return f"{self.vendor}:{self.id}" if self.id else f"{self.vendor}:{self.path}#{self.title}"

    @property
    def ref(self) -> RuleRef:
        """What a finding names it by."""
        return RuleRef(self.vendor, self.id, self.title, self.url, self.layer)

    def beside(self, leaf: Indicator) -> tuple[tuple[Indicator, ...], ...]:
        """The clauses that hold a leaf with others, each as the other leaves (the first of each factor)."""
        out = []
        for clause in self.clauses:
            for at, factor in enumerate(clause):
                if any(self.excluded[index].indicator == leaf for index in factor):
                    out.append(tuple(self.excluded[other[0]].indicator for n, other in enumerate(clause) if n != at))
                    break
        return tuple(out)


class EventRow(NamedTuple):
    """A concrete event, and how many rules of the table read it; `implied`: all of them by their category alone."""

    provider: str
    id: str
    title: str
    rules: int
    implied: bool


class FieldRow(NamedTuple):
    """A canonical field, its rules, its operators with the rules that use each (`not eq`: excluded), and sample values."""

    field: str
    rules: int
    ops: dict[str, int]
    samples: tuple[str, ...]


class IndicatorRow(NamedTuple):
    """An indicator and the rules of the table that use it."""

    indicator: Indicator
    rules: tuple[str, ...]


class ExclusionRow(NamedTuple):
    """An excluded leaf, the rules of the table that exclude it, and those of them in which it stands alone.

    `kind` and `cls` are those of most of its rules; `benign` are the handles of the rules where it is a benign case.
    """

    indicator: Indicator
    kind: str
    cls: str
    rules: tuple[str, ...]
    alone: frozenset[str]
    benign: tuple[str, ...]


class Spelling(NamedTuple):
    """How a vendor's rules write a canonical (field, op): the native field and operator, the value with `{}` for the
    canonical one, and how many predicates (`uses`) do so.
    """

    field: str
    op: str
    template: str
    uses: int


def exact_forms(predicate: Predicate) -> tuple[Indicator, ...]:
    """The indicators that say all that a predicate says: a whole path rather than its file name; empty for a derived one.

    An exclusion is counted under these: excluding `C:\\\\x\\\\a.exe` does not exclude `a.exe`.
    """
    forms = predicate.indicators
    if len(forms) < 2:
        return forms
    first = forms[0]
    base, dot, part = first.field.rpartition(".")
    if dot and part == "name":
        whole = tuple(form for form in forms if form.field == f"{base}.path")
        if whole:
            return whole
    if predicate.op == "re":
        return tuple(form for form in forms if form.field == first.field)
    return (first,)


class Standing(NamedTuple):
    """How an indicator stands in a rule: every predicate behind it has an assumed mapping; another indicator implies it."""

    assumed: bool
    secondary: bool


_STANDINGS = {(assumed, secondary): Standing(assumed, secondary) for assumed in (False, True) for secondary in (False, True)}
_UNSEEN = _STANDINGS[True, True]


@logic.once_a_rule
def positives(rule: Rule) -> dict[Indicator, Standing]:
    """The indicators of a rule's positive side, in order. Nothing under a NOT counts, and no computed column."""
    found: dict[Indicator, Standing] = {}
    for predicate in logic.predicates(rule):
        if predicate.excluded or predicate.derived:
            continue
        assumed = predicate.mapping == "assumed"
        secondary = False
        for indicator in predicate.indicators:
            before = found.get(indicator, _UNSEEN)
            found[indicator] = _STANDINGS[assumed and before.assumed, secondary and before.secondary]
            secondary = predicate.op != "re"
    return found


def telling(indicators: Iterable[Indicator]) -> frozenset[Indicator]:
    """Those that tell rules apart: neither event selectors nor presence tests."""
    return frozenset(one for one in indicators if one.op != "exists" and not values.is_selector(one.field))


def near(left: frozenset[Indicator], right: frozenset[Indicator]) -> bool:
    """Whether two sets of telling indicators have a Jaccard likeness of 0.9 or more; never for empty ones.

    A field that both look at must have a value in common: a long list of interpreters does not make Excel and Word one.
    """
    common = left & right
    if not common or len(common) < 0.9 * (len(left) + len(right) - len(common)):
        return False
    shared = {one.field for one in common}
    return {one.field for one in left} & {one.field for one in right} <= shared


def weight(rules: int, reach: int) -> float:
    """The weight of an indicator that `reach` of `rules` rules use: ln((rules + 1) / (reach + 1)), never below 0."""
    return max(0.0, log((rules + 1) / (reach + 1)))


def sides(indicators: Iterable[Indicator], classes: Iterable[str], excluded: Iterable[Indicator]) -> tuple[str, str]:
    """A hash of what a rule looks for, on which events, and one of what it excludes: equal for rules that say the same."""
    looked = "\n".join([*sorted(map("\t".join, set(indicators))), *sorted(set(classes))])
    gone = "\n".join(sorted(map("\t".join, set(excluded))))
    return _hashed(looked), _hashed(gone)


def _hashed(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=10).hexdigest()
