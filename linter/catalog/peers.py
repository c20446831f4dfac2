"""Likeness between a rule and the catalog's rules that exclude something: the neighbours whose exclusions count as votes.

Likeness is a weighted sum of cosines over sets of features (positive indicators, words of the title, excluded values, file
names, techniques), each feature weighted by its rarity, doubled when both read the same log source. The weights were fitted
on the filters that public rules gained in 2022-23.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from math import log, sqrt
from typing import TYPE_CHECKING, NamedTuple

from linter.catalog.model import CatalogRule, exact_forms, positives
from linter.logic import exclusions
from linter.rule import Indicator, Rule

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

WEIGHTS = {"indicators": 1.0, "words": 0.5, "values": 1.0, "files": 0.3, "techniques": 0.2}
SAME_SOURCE = 2.0
_WORD = re.compile(r"[a-z0-9]{3,}")
_FILE = re.compile(r"[a-z0-9_\-]{1,60}\.(?:exe|dll|ps1|sys|vbs|bat|msi)")
_PARTS = frozenset(("name", "path", "ext", "domain", "sid", "id"))

Feature = tuple[str, object]  # kind of feature, the feature


class Leaf(NamedTuple):
    """An excluded leaf of a rule: canonical, and whether it stands alone in a clause."""

    indicator: Indicator
    alone: bool


class Profile(NamedTuple):
    """What likeness looks at in a rule. `sources` are its log sources, `excluded` its leaves."""

    handle: str
    sources: frozenset[str]
    features: frozenset[Feature]
    fields: frozenset[str]  # the fields that it excludes by
    excluded: tuple[Leaf, ...]


def words(text: str) -> frozenset[str]:
    """The words of a text, lower case, of three letters or digits at least."""
    return frozenset(_WORD.findall(text.lower()))


def base_field(canonical: str) -> str:
    """A canonical field without its part: `Image` of `Image.name`."""
    head, dot, part = canonical.rpartition(".")
    return head if dot and part in _PARTS and "." not in head and head[:1].isupper() else canonical


def sources(classes: Iterable[str]) -> frozenset[str]:
    """The log sources of event classes: a class itself, and its service for a class of one event id."""
    found = set()
    for cls in classes:
        found.add(cls)
        if cls.count(":") > 1:
            found.add(":".join(cls.split(":")[:2]))
    return frozenset(found)


def leaves(rule: Rule) -> tuple[Leaf, ...]:
    """What a rule under lint excludes, each leaf once."""
    found: dict[Indicator, bool] = {}
    for clause in exclusions(rule):
        for part in clause.parts:
            for form in exact_forms(part):
                found[form] = found.get(form, False) or clause.alone
    return tuple(Leaf(indicator, alone) for indicator, alone in found.items())


def profile(rule: Rule) -> Profile:
    """The profile of a rule under lint; its handle is ""."""
    return _profile("", rule.title, rule.classes, positives(rule), (one.id for one in rule.techniques), leaves(rule))


def _of_catalog(rule: CatalogRule) -> Profile:
    excluded = tuple(Leaf(one.indicator, one.alone) for one in rule.excluded if one.kind == "benign")
    return _profile(rule.handle, rule.title, rule.classes, rule.indicators, rule.techniques, excluded)


def _profile(
    handle: str,
    title: str,
    classes: Iterable[str],
    indicators: Collection[Indicator],
    techniques: Iterable[str],
    excluded: tuple[Leaf, ...],
) -> Profile:
    features: set[Feature] = {("indicators", one) for one in indicators}
    features.update(("words", word) for word in words(title))
    features.update(("values", leaf.indicator.value) for leaf in excluded if leaf.indicator.value)
    features.update(("files", name) for one in indicators for name in _FILE.findall(one.value[:400]))
    features.update(("techniques", technique) for technique in techniques)
    fields = frozenset(base_field(leaf.indicator.field) for leaf in excluded)
    features.update(("fields", field) for field in fields)
    return Profile(handle, sources(classes), frozenset(features), fields, excluded)


class Peers:
    """The catalog's rules that exclude a benign case, and what they exclude. Made once a process from the whole catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.profiles: list[Profile] = []
        self.family: list[str] = []
        self.users: dict[Indicator, list[int]] = defaultdict(list)  # leaf → profiles that exclude it
        self.fields_of_source: dict[str, Counter[str]] = defaultdict(Counter)  # log source → field → rules that look at it
        counts: Counter[Feature] = Counter()
        total = 0
        for rule in catalog.every_rule():
            total += 1
            one = _of_catalog(rule)
            looked_at = {base_field(indicator.field) for indicator in rule.indicators} | one.fields
            for source in one.sources:
                self.fields_of_source[source].update(looked_at)
            counts.update(one.features)
            if one.excluded:
                for leaf in one.excluded:
                    self.users[leaf.indicator].append(len(self.profiles))
                self.profiles.append(one)
                self.family.append(rule.family)
        self._total = total
        self._counts = counts
        self._postings: dict[Feature, list[int]] = defaultdict(list)
        self._norms: list[dict[str, float]] = []
        for at, one in enumerate(self.profiles):
            for feature in one.features:
                self._postings[feature].append(at)
            self._norms.append(self._norm(one))

    def _weight(self, feature: Feature) -> float:
        return log((self._total + 1) / (self._counts.get(feature, 0) or 1))

    def _norm(self, one: Profile) -> dict[str, float]:
        squares: dict[str, float] = defaultdict(float)
        for feature in one.features:
            squares[feature[0]] += self._weight(feature) ** 2
        return {kind: sqrt(square) or 1.0 for kind, square in squares.items()}

    def likeness(self, one: Profile) -> tuple[dict[int, float], dict[int, float]]:
        """(likeness, cosine of the excluded fields) to every peer that shares a feature; both by index into `profiles`."""
        own = self._norm(one)
        dots: dict[int, float] = defaultdict(float)
        fields: dict[int, float] = defaultdict(float)
        for feature in sorted(one.features, key=repr):  # sums of floats depend on their order
            kind = feature[0]
            postings = self._postings.get(feature)
            if not postings:
                continue
            square = self._weight(feature) ** 2 / own[kind]
            if kind == "fields":
                for at in postings:
                    fields[at] += square / self._norms[at][kind]
            else:
                square *= WEIGHTS[kind]
                for at in postings:
                    dots[at] += square / self._norms[at][kind]
        for at in dots:
            if not one.sources.isdisjoint(self.profiles[at].sources):
                dots[at] *= SAME_SOURCE
        return dots, fields
