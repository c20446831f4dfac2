"""Likeness between a rule and the catalog's rules that exclude something: the neighbours whose exclusions count as votes.

Likeness is a weighted sum of cosines over sets of features (positive indicators, words of the title, excluded values, file
names, techniques), each feature weighted by its rarity, doubled when both read the same log source. The weights were fitted
on the filters that public rules gained in 2022-23.

The snapshot's folder `peers` holds what this needs, made by `peers_build`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from math import log, sqrt
from typing import TYPE_CHECKING, NamedTuple

from linter.catalog import layout
from linter.catalog.model import exact_forms, positives
from linter.logic import exclusions
from linter.rule import Indicator, Rule
from linter.taxonomy.schemas import base

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

KINDS = ("indicators", "words", "values", "files", "techniques", "fields")
WEIGHTS = {"indicators": 1.0, "words": 0.5, "values": 1.0, "files": 0.3, "techniques": 0.2}
SAME_SOURCE = 2.0
SYSTEMS = ("windows", "linux", "macos")
MOST_KEPT = 4_000  # looked-up features that are remembered
NEAREST = 100  # peers that vote
_WORD = re.compile(r"[a-z0-9]{3,}")
_FILE = re.compile(r"[a-z0-9_\-]{1,60}\.(?:exe|dll|ps1|sys|vbs|bat|msi)")

Feature = str | Indicator
Class = tuple[str, str]  # kind of field, benign class
Features = dict[str, frozenset[Feature]]  # kind of feature → the features


class Leaf(NamedTuple):
    """An excluded leaf of a rule: canonical, and whether it stands alone in a clause."""

    indicator: Indicator
    alone: bool


class Profile(NamedTuple):
    """What likeness looks at in a rule. `sources` are its log sources, `excluded` its leaves."""

    sources: frozenset[str]
    features: Features
    excluded: tuple[Leaf, ...]

    @property
    def required(self) -> frozenset[Indicator]:
        """The indicators of the positive side."""
        return self.features["indicators"]  # type: ignore[return-value]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it excludes by, without their parts."""
        return self.features["fields"]  # type: ignore[return-value]


class Peer(NamedTuple):
    """A rule that excludes a benign case: its log sources, and the norm of its features by kind."""

    handle: str
    family: str
    sources: frozenset[str]
    systems: frozenset[str]
    norms: dict[str, float]


class Voted(NamedTuple):
    """A leaf that peers exclude: its benign class, the peers by number, and those in which it stands alone."""

    indicator: Indicator
    base: str
    cls: str
    peers: tuple[int, ...]
    alone: frozenset[int]


@lru_cache(maxsize=8192)
def words(text: str) -> frozenset[str]:
    """The words of a text, lower case, of three letters or digits at least."""
    return frozenset(_WORD.findall(text.lower()))


def sources(classes: Iterable[str]) -> frozenset[str]:
    """The log sources of event classes: a class itself, and its service for a class of one event id."""
    found = set()
    for cls in classes:
        found.add(cls)
        if cls.count(":") > 1:
            found.add(":".join(cls.split(":")[:2]))
    return frozenset(found)


def systems(log_sources: Iterable[str]) -> frozenset[str]:
    """The operating systems that log sources are of; empty when that is not known of all of them."""
    found = set()
    for source in log_sources:
        system = next((one for one in SYSTEMS if source.endswith("/" + one) or source.startswith(one + ":")), "")
        if not system:
            return frozenset()
        found.add(system)
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
    """The profile of a rule under lint."""
    excluded = leaves(rule)
    found = features(rule.title, positives(rule), (one.id for one in rule.techniques), (leaf.indicator for leaf in excluded))
    return Profile(sources(rule.classes), found, excluded)


def features(title: str, indicators: Iterable[Indicator], techniques: Iterable[str], excluded: Iterable[Indicator]) -> Features:
    """The features of a rule, by kind."""
    required, gone = frozenset(indicators), frozenset(excluded)
    return {
        "indicators": frozenset(required),
        "words": words(title),
        "values": frozenset(one.value for one in gone if one.value),
        "files": frozenset(name for one in required for name in _FILE.findall(one.value[:400])),
        "techniques": frozenset(techniques),
        "fields": frozenset(base(one.field) for one in gone),
    }


@lru_cache(maxsize=4)
def of(catalog: Catalog) -> Peers:
    """The peers of a catalog, made once."""
    return Peers(catalog)


class Peers:
    """The catalog's rules that exclude a benign case, what they exclude, and how like them a rule is."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.peers: list[Peer] = []
        self.number: dict[str, int] = {}
        self.voted: list[Voted] = []
        self.by_base: dict[str, list[int]] = defaultdict(list)  # field → numbers of leaves
        self.by_leaf: dict[Indicator, int] = {}
        self.excluded: list[list[int]] = []  # peer → numbers of leaves
        self._known: dict[tuple[str, str | Indicator], tuple[float, tuple[int, ...]]] = {}
        self._looked_up: dict[tuple[str, str | Indicator], tuple[float, tuple[int, ...]]] = {}
        self._sources: dict[str, dict[str, int]] = {}
        values: dict[str, set[int]] = defaultdict(set)
        fields: dict[str, set[int]] = defaultdict(set)
        for snapshot in catalog.snapshots:
            prefix = snapshot.prefix
            for line in _lines(snapshot.read("peers/rules.tsv")):
                handle, listed, *norms = line.split("\t")
                handle = prefix + handle
                self.number[handle] = len(self.peers)
                at = dict(zip(KINDS, map(float, norms), strict=True))
                read = frozenset(listed.split(" "))
                self.peers.append(Peer(handle, catalog.family(handle), read, systems(read), at))
                self.excluded.append([])
        for snapshot in catalog.snapshots:
            for line in _lines(snapshot.read("peers/leaves.tsv")):
                self._add(line, snapshot.prefix, values, fields)
        for kind, found in (("values", values), ("fields", fields)):
            for feature, users in found.items():
                self._known[kind, feature] = (self._rarity(len(users)), tuple(sorted(users)))

    def _add(self, line: str, prefix: str, values: dict[str, set[int]], fields: dict[str, set[int]]) -> None:
        field, op, value, cls, tokens = line.split("\t")
        leaf = Indicator(layout.unescape(field), op, layout.unescape(value))
        numbers = [(self.number[prefix + token.rstrip("+")], not token.endswith("+")) for token in tokens.split(" ")]
        users = tuple(number for number, _ in numbers)
        alone = frozenset(number for number, by_itself in numbers if by_itself)
        at = self.by_leaf.get(leaf)
        if at is None:
            at = self.by_leaf[leaf] = len(self.voted)
            self.voted.append(Voted(leaf, base(leaf.field), cls, users, alone))
            self.by_base[self.voted[at].base].append(at)
        else:  # in another layer too
            one = self.voted[at]
            self.voted[at] = one._replace(peers=one.peers + users, alone=one.alone | alone)
        for number in users:
            self.excluded[number].append(at)
        fields[self.voted[at].base].update(users)
        if leaf.value:
            values[leaf.value].update(users)

    def _rarity(self, rules: int) -> float:
        return log((self.catalog.total + 1) / max(1, rules))

    def feature(self, kind: str, feature: str | Indicator) -> tuple[float, tuple[int, ...]]:
        """The rarity of a feature, and the peers that have it."""
        key = (kind, feature)
        found = self._known.get(key) or self._looked_up.get(key)
        if found is None:
            if len(self._looked_up) >= MOST_KEPT:
                self._looked_up.clear()
            found = self._looked_up[key] = self._look_up(kind, feature)
        return found

    def _look_up(self, kind: str, feature: str | Indicator) -> tuple[float, tuple[int, ...]]:
        if isinstance(feature, Indicator):
            users = self.catalog.users(feature)
            return self._rarity(len(users)), tuple([self.number[one] for one in users if one in self.number])
        if kind in ("values", "fields"):
            return self._rarity(0), ()
        key = f"{kind}\t{layout.escape(feature)}\t".encode()
        count, handles = 0, []
        for snapshot in self.catalog.snapshots:
            for line in layout.lines_with(snapshot.read("peers/features.tsv"), key):
                rules, _, tokens = line[len(key) :].decode().partition("\t")
                count += int(rules)
                handles += [snapshot.prefix + token for token in tokens.split()]
        return self._rarity(count), tuple([self.number[one] for one in handles])

    def fields_of(self, source: str) -> dict[str, int]:
        """The fields (without parts) that rules with a log source look at, and how many do."""
        found = self._sources.get(source)
        if found is None:
            total: Counter[str] = Counter()
            key = f"{layout.escape(source)}\t".encode()
            for snapshot in self.catalog.snapshots:
                for line in layout.lines_with(snapshot.read("peers/fields.tsv"), key):
                    field, _, rules = line[len(key) :].decode("utf-8").partition("\t")
                    total[layout.unescape(field)] += int(rules)
            found = self._sources[source] = dict(total)
        return found

    def likeness(self, one: Profile, barred: Collection[str] = ()) -> tuple[dict[int, float], dict[int, float]]:
        """(likeness, cosine of the excluded fields) to the NEAREST peers; both by the peer's number.

        `barred` are the handles that do not testify.
        """
        dots: dict[int, float] = defaultdict(float)
        fields: dict[int, float] = defaultdict(float)
        peers = self.peers
        for kind in KINDS:
            found = [self.feature(kind, feature) for feature in _sorted(one.features[kind])]
            norm = sqrt(sum(rarity * rarity for rarity, _ in found)) or 1.0
            into, scale = (fields, 1.0) if kind == "fields" else (dots, WEIGHTS[kind])
            for rarity, users in found:
                part = scale * rarity * rarity / norm
                for at in users:
                    into[at] += part / (peers[at].norms[kind] or 1.0)
        for handle in barred:
            number = self.number.get(handle)
            if number is not None:
                dots.pop(number, None)
                fields.pop(number, None)
        own = systems(one.sources)
        for at in tuple(dots):
            if not one.sources.isdisjoint(peers[at].sources):
                dots[at] *= SAME_SOURCE
            elif own and peers[at].systems and own.isdisjoint(peers[at].systems):
                del dots[at]  # a program of another system is none of this one's
        if len(dots) > NEAREST:
            nearest = sorted(dots, key=lambda at: (-dots[at], at))[:NEAREST]
            dots = {at: dots[at] for at in nearest}
        return dots, fields


def _sorted(found: Iterable[Feature]) -> list[Feature]:
    """In an order that does not depend on hashes: sums of floats depend on theirs."""
    return sorted(found, key=lambda feature: feature if isinstance(feature, str) else "\0".join(feature))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8").split("\n")[1:-1]
