"""The snapshot's folder `peers`: what the ranker asks of rules that exclude a benign case.

rules.tsv     handle, log sources, norms of its features by kind (in the order of `peers.KINDS`), rows of leaves.tsv from 0 on
leaves.tsv    field, op, value, class, rules (`+`: there it never stands alone)
features.tsv  kind, feature, rules of the whole catalog that have it, peers that have it
fields.tsv    log source, field without its part, rules that look at it
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import log, sqrt

from linter.catalog import layout, peers
from linter.catalog.model import CatalogRule
from linter.catalog.peers import KINDS, Features
from linter.rule import Indicator
from linter.taxonomy.schemas import base

_TABLED = ("words", "files", "techniques")  # the postings of the other kinds are in the reach and leaves tables


def files(rules: Sequence[CatalogRule]) -> Iterator[tuple[str, bytes]]:
    """The files by name. `rules` is the whole catalog, sorted by handle; it may make its items when they are asked for."""
    counts: dict[str, Counter[str | Indicator]] = {kind: Counter() for kind in KINDS}
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    voted: dict[Indicator, list[str]] = defaultdict(list)
    classes: dict[Indicator, str] = {}
    found: list[int] = []
    for number, rule in enumerate(rules):
        benign = [leaf for leaf in rule.excluded if leaf.kind == "benign"]
        features = _of(rule)
        for kind in KINDS:
            counts[kind].update(features[kind])
        looked_at = {base(one.field) for one in rule.indicators}.union(str(field) for field in features["fields"])
        for source in peers.sources(rule.classes):
            sources[source].update(looked_at)
        if benign:
            found.append(number)
            for leaf in benign:
                voted[leaf.indicator].append(rule.handle + ("" if leaf.alone else "+"))
                classes[leaf.indicator] = leaf.cls
            for kind in _TABLED:
                for feature in features[kind]:
                    users[kind, str(feature)].append(rule.handle)
    yield "peers/features.tsv", _features(counts, users)
    lines = [f"{layout.escape(source)}\t{layout.escape(f)}\t{n}" for source, named in sources.items() for f, n in named.items()]
    yield "peers/fields.tsv", layout.table("source\tfield\trules", lines)
    lines = sorted("\t".join((*map(layout.escape, leaf), classes[leaf], " ".join(handles))) for leaf, handles in voted.items())
    yield "peers/leaves.tsv", layout.table("field\top\tvalue\tclass\trules", lines)
    excluded: dict[str, list[str]] = defaultdict(list)  # by code points and as UTF-8 the lines have the same order
    for number, line in enumerate(lines):
        for token in line.rpartition("\t")[2].split(" "):
            excluded[token.rstrip("+")].append(str(number))
    lines = [f"{_peer(rule, counts, len(rules))}\t{' '.join(excluded[rule.handle])}" for rule in map(rules.__getitem__, found)]
    yield "peers/rules.tsv", layout.table("\t".join(("handle", "sources", *KINDS, "leaves")), lines)


def _of(rule: CatalogRule) -> Features:
    excluded = (leaf.indicator for leaf in rule.excluded if leaf.kind == "benign")
    return peers.features(rule.title, rule.indicators, rule.techniques, excluded)


def _features(counts: dict[str, Counter[str | Indicator]], users: dict[tuple[str, str], list[str]]) -> bytes:
    """Features of one rule that is no peer are left out: they look like unknown ones."""
    lines = []
    for kind in _TABLED:
        for feature, count in counts[kind].items():
            handles = users.get((kind, str(feature)), ())
            if count > 1 or handles:
                lines.append(f"{kind}\t{layout.escape(str(feature))}\t{count}\t{' '.join(handles)}")
    return layout.table("kind\tfeature\trules\tpeers", lines)


def _peer(rule: CatalogRule, counts: dict[str, Counter[str | Indicator]], total: int) -> str:
    features = _of(rule)
    norms = []
    for kind in KINDS:
        weights = sorted(log((total + 1) / counts[kind][feature]) for feature in features[kind])
        norms.append(f"{sqrt(sum(weight * weight for weight in weights)):.3f}")
    sources = " ".join(sorted(map(layout.escape, peers.sources(rule.classes))))
    return "\t".join((rule.handle, sources, *norms))
