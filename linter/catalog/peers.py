"""Likeness between a rule and the catalog's rules that exclude something: the neighbours whose exclusions count as votes.

Likeness is a weighted sum of cosines over sets of features (positive indicators, words of the title, excluded values, file
names, techniques), each feature weighted by its rarity, doubled when both read the same log source. The weights were fitted
on the filters that public rules gained in 2022-23.

The snapshot's folder `peers` holds what this needs, made by `peers_build`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from math import log, sqrt
from typing import TYPE_CHECKING, NamedTuple, TypeVar

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
    """A rule that excludes a benign case: its log sources, the operating systems that these are of, the norms of its features
    by kind.
    """

    handle: str
    family: str
    sources: frozenset[str]
    systems: frozenset[str]
    norms: tuple[float, ...]


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


K = TypeVar("K")
V = TypeVar("V")


class _Made(dict[K, V]):
    """A mapping whose values are made when they are first asked for."""

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make(key)
        return made


@lru_cache(maxsize=256)
def _read(listed: str) -> tuple[frozenset[str], frozenset[str]]:
    """The log sources of a peer, and their operating systems."""
    read = frozenset(listed.split(" "))
    return read, systems(read)


@lru_cache(maxsize=4)
def of(catalog: Catalog) -> Peers:
    """The peers of a catalog, made once."""
    return Peers(catalog)


class _Layer(NamedTuple):
    """One snapshot's part of the tables: the prefix of its handles, the numbers of its first peer and leaf, of the one behind
    its last leaf.
    """

    prefix: str
    peer: int
    leaf: int
    end: int


class Peers:
    """The catalog's rules that exclude a benign case, what they exclude, and how like them a rule is.

    Peers and leaves are numbered in the order of their tables, layer by layer; a row is parsed when it is first asked for.
    A leaf that several layers have goes by its first number.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.number: dict[str, int] = {}  # handle → peer
        self.peers: Mapping[int, Peer] = _Made(self._peer)
        self.excluded: Mapping[int, Sequence[int]] = _Made(self._excluded)  # peer → the leaves that it excludes
        self.voted: Mapping[int, Voted] = _Made(self._voted)  # leaf → who excludes it
        self._layers: list[_Layer] = []
        self._rows: list[str] = []
        self._leaves: list[str] = []
        self._looked_up: dict[tuple[str, str | Indicator], tuple[float, tuple[int, ...]]] = {}
        self._sources: dict[str, dict[str, int]] = {}
        for snapshot in catalog.snapshots:
            rows, leaves = (_lines(snapshot.read(f"peers/{name}.tsv")) for name in ("rules", "leaves"))
            first = len(self._rows)
            self._layers.append(_Layer(snapshot.prefix, first, len(self._leaves), len(self._leaves) + len(leaves)))
            self.number.update({snapshot.prefix + row.partition("\t")[0]: first + at for at, row in enumerate(rows)})
            self._rows += rows
            self._leaves += leaves

    def _layer(self, peer: int) -> _Layer:
        layers = self._layers
        return layers[0] if len(layers) == 1 else next(layer for layer in reversed(layers) if layer.peer <= peer)

    def _peer(self, at: int) -> Peer:
        handle, listed, *norms, _ = self._rows[at].split("\t")
        handle = self._layer(at).prefix + handle
        return Peer(handle, self.catalog.family(handle), *_read(listed), tuple([float(norm) or 1.0 for norm in norms]))

    def _excluded(self, at: int) -> Sequence[int]:
        first = self._layer(at).leaf
        found = [first + int(number) for number in self._rows[at].rpartition("\t")[2].split(" ")]
        return [self._places(number)[0][1] for number in found] if first else found

    def _places(self, leaf: int) -> list[tuple[_Layer, int]]:
        """Every layer that has a leaf, with its number there."""
        key = self._leaves[leaf].rsplit("\t", 2)[0] + "\t"
        return [(layer, at) for layer in self._layers if (at := self._at(key, layer)) >= 0]

    def _at(self, key: str, layer: _Layer) -> int:
        """The number of the leaf whose row begins so in a layer, -1 where it has none."""
        at = bisect_left(self._leaves, key, layer.leaf, layer.end)
        return at if at < layer.end and self._leaves[at].startswith(key) else -1

    def leaf(self, indicator: Indicator) -> int | None:
        """The number of a leaf; None where no peer excludes it."""
        key = "\t".join(map(layout.escape, indicator)) + "\t"
        return next((at for layer in self._layers if (at := self._at(key, layer)) >= 0), None)

    def _voted(self, leaf: int) -> Voted:
        field, op, value, cls, _ = self._leaves[leaf].split("\t")
        indicator = Indicator(layout.unescape(field), op, layout.unescape(value))
        numbers: list[int] = []
        alone: list[int] = []
        for layer, at in self._places(leaf) if len(self._layers) > 1 else ((self._layers[0], leaf),):
            for token in self._leaves[at].rpartition("\t")[2].split(" "):
                handle = token.rstrip("+")
                numbers.append(self.number[layer.prefix + handle])
                if handle == token:
                    alone.append(numbers[-1])
        return Voted(indicator, base(indicator.field), cls, tuple(numbers), frozenset(alone))

    @cached_property
    def _by(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """The leaves by value, and by field without its part."""
        by_value: dict[str, list[int]] = defaultdict(list)
        by_field: dict[str, list[int]] = defaultdict(list)
        for at, line in enumerate(self._leaves):
            field, _, value, _ = line.split("\t", 3)
            by_value[layout.unescape(value)].append(at)
            by_field[base(layout.unescape(field))].append(at)
        return by_value, by_field

    def _rarity(self, rules: int) -> float:
        return log((self.catalog.total + 1) / max(1, rules))

    def feature(self, kind: str, feature: str | Indicator) -> tuple[float, tuple[int, ...]]:
        """The rarity of a feature, and the peers that have it."""
        key = (kind, feature)
        found = self._looked_up.get(key)
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
            leaves_ = self._by[kind == "fields"].get(feature, ())
            numbers = {number for at in leaves_ for number in self.voted[at].peers}
            return self._rarity(len(numbers)), tuple(sorted(numbers))
        key = f"{kind}\t{layout.escape(feature)}\t".encode()
        count, handles = 0, []
        for snapshot in self.catalog.snapshots:
            for line in snapshot.lines("peers/features.tsv", key):
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
                for line in snapshot.lines("peers/fields.tsv", key):
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
        for place, kind in enumerate(KINDS):
            found = [self.feature(kind, feature) for feature in _sorted(one.features[kind])]
            norm = sqrt(sum(rarity * rarity for rarity, _ in found)) or 1.0
            into, scale = (fields, 1.0) if kind == "fields" else (dots, WEIGHTS[kind])
            for rarity, users in found:
                part = scale * rarity * rarity / norm
                for at in users:
                    into[at] += part / peers[at].norms[place]
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
