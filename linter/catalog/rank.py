"""What rules like this one exclude and this one lacks, best first.

    suggest(rule, catalog, limit)   -> Suggestions, each in the rule's own words, with the rules behind it

A candidate's score sums the votes of like rules (`peers`), the fields they exclude by, the shape of its value, and what the
rule's own filters say. First come the best candidates of four plain kinds (`taxonomy.plain`): the likeliest kind, that of the
candidate with the best score, the second and third likeliest; then the rest by score. The weights for rules that have
exclusions were fitted on the filters that public Sigma rules gained in 2022-23.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from linter.catalog import candidates, kinds, peers
from linter.catalog.candidates import Candidate, twins
from linter.catalog.feasible import Feasible, caveat
from linter.catalog.wording import Native, Wording
from linter.rule import Indicator, Rule
from linter.taxonomy import plain
from linter.taxonomy.classes import field_kind
from linter.taxonomy.plain import Kind
from linter.taxonomy.schemas import base

if TYPE_CHECKING:
    from linter.catalog.load import Catalog
    from linter.catalog.model import CatalogRule
    from linter.catalog.peers import Class, Peers, Profile

NEAREST = 30  # votes that count for a candidate
CONSIDERED = 200  # feasible candidates that are ordered by kind
BY_KIND, BY_SCORE = True, False
FIRST = (BY_KIND, BY_SCORE, BY_KIND, BY_KIND)  # whose turn it is to say which kind's best candidate comes next
COMPLETES = "completes your filter"

# See Ranking.kind_features. For rules that have exclusions: fitted on the filters of 2022-23; for those without: fitted on
# public rules of 2023 whose exclusions were hidden.
KIND_WEIGHTS = (-0.26, 0.34, 0.0, 0.0, 0.59, 0.44, 1.3, 0.31, 0.0)
BARE_KIND_WEIGHTS = (-0.25, 0.25, 1.4, 0.1, 0.0, 0.0, 0.0, 1.0, 0.0)


class Scored(NamedTuple):
    """A candidate with its score (see `_score`), what it is in native words, and its class."""

    candidate: Candidate
    score: float
    native: Native
    cls: Class


class Suggestion(NamedTuple):
    """An exclusion to think about. `rules` are the handles behind it, most like the rule first; near-copies count once in
    `families`. `extra` is the rest of the clause it usually stands in. `label` is COMPLETES for what the rule's own filters
    suggest. `caveat` says how it could be evaded, "" when it is anchored. `score` is a share, see `_share`.
    """

    indicator: Indicator
    native: Native
    extra: tuple[Native, ...]
    cls: str
    score: float
    families: int
    rules: tuple[str, ...]
    label: str
    caveat: str


def suggest(rule: Rule, catalog: Catalog, limit: int = 10, related: Collection[str] | None = None) -> tuple[Suggestion, ...]:
    """At most `limit` suggestions. `related` are the handles that do not testify (found when not given)."""
    if not rule.trees or not rule.classes:
        return ()
    return Ranking(rule, catalog, catalog.related_to(rule) if related is None else related).suggestions(limit)


class Ranking:
    """The candidates of one rule in order. Likeness, which is dear, is found when it is first asked for."""

    def __init__(self, rule: Rule, catalog: Catalog, barred: Collection[str]) -> None:
        self.rule = rule
        self.catalog = catalog
        self.peers: Peers = peers.of(catalog)
        self.one: Profile = peers.profile(rule)
        self.allowed = Feasible(rule, self.one, self.peers)
        self._barred = barred
        self._places: dict[str, str] = {}  # field → the kind of its native name

    @cached_property
    def _near(self) -> tuple[dict[int, float], dict[int, float]]:
        return self.peers.likeness(self.one, self._barred)

    @property
    def likeness(self) -> dict[int, float]:
        """How like the rule each of the nearest peers is."""
        return self._near[0]

    @property
    def fields(self) -> dict[int, float]:
        """How like in the fields that they exclude by."""
        return self._near[1]

    @cached_property
    def twins(self) -> set[Indicator]:
        """What would complete the rule's own exclusions."""
        return {twin for leaf in self.one.excluded for twin in twins(leaf.indicator)}

    @cached_property
    def own_fields(self) -> Counter[str]:
        """The fields that the rule excludes by, without their parts."""
        return Counter(base(leaf.indicator.field) for leaf in self.one.excluded)

    @cached_property
    def wording(self) -> Wording:
        """The rule's own words."""
        return Wording(self.rule, self.catalog)

    def ordered(self) -> list[Scored]:
        """The feasible candidates, best first."""
        found = self._feasible(self._scores())
        first = self._firsts(found)
        return first + [one for one in found if one not in first]

    def suggestions(self, limit: int) -> tuple[Suggestion, ...]:
        """The first of them, with their evidence."""
        found = (self._suggestion(one) for one in self.ordered())
        return tuple(islice((one for one in found if one), limit))

    def alike(self, handles: Collection[str]) -> float:
        """How like the rule these rules are: the mean likeness of the three nearest, 0 for those that are no peers."""
        numbers = (self.peers.number.get(handle, -1) for handle in handles)
        found = sorted((self.likeness.get(number, 0.0) for number in numbers), reverse=True)[:3]
        return sum(found) / 3

    # scores

    def _scores(self) -> list[tuple[float, Candidate]]:
        found = candidates.candidates(self.one, self.peers, self.likeness)
        votes = [self._votes(one) for one in found]
        known = self.fields.get
        fields = [sum([known(at, 0.0) for at in one.voters]) for one in found]
        most, widest = max(votes, default=0) or 1.0, max(fields, default=0) or 1.0
        excluded = sum(self.own_fields.values()) or 1
        text = peers.words(self.rule.title)
        out = []
        for one, vote, field in zip(found, votes, fields, strict=True):
            leaf, name, _, _ = one
            score = 0.32 * log(0.03 + vote / most) + 1.6 * field / widest + 0.76 * self.own_fields.get(name, 0) / excluded
            if leaf.op == "null" and name in self.own_fields:  # elsewhere it would pass for insight
                score += 1.8
            if leaf in self.twins:
                score += 1.0
            tokens = peers.words(leaf.value)
            if tokens and not tokens.isdisjoint(text):
                score += 0.2 * len(tokens & text) / len(tokens)
            out.append((score, one))
        out.sort(key=lambda item: (-item[0], item[1].indicator))
        return out

    def _votes(self, one: Candidate) -> float:
        """The summed likeness of the nearest independent peers that exclude it."""
        voters, likeness = one.voters, self.likeness
        if len(voters) < 2:
            return likeness[voters[0]] if voters else 0.0
        best: dict[str, float] = {}
        for at in voters:
            family = self.peers.peers[at].family
            value = likeness[at]
            if best.get(family, 0.0) < value:
                best[family] = value
        if len(best) <= NEAREST:
            return sum(sorted(best.values(), reverse=True))
        return sum(sorted(best.values(), reverse=True)[:NEAREST])

    # what remains, and in which order

    def _feasible(self, scores: Sequence[tuple[float, Candidate]]) -> list[Scored]:
        own = {(p.field.lower(), p.op, p.value.lower()) for p in self.rule.predicates()}
        out: list[Scored] = []
        for score, one in scores:
            if len(out) >= CONSIDERED:
                break
            if self.allowed.allows(one.indicator):
                native = self.wording.native(one.indicator)
                key = (native.field.lower(), native.op, native.value.lower()) if native else None
                if native and key and key not in own:
                    own.add(key)
                    out.append(Scored(one, score, native, _class(one.indicator, one.cls)))
        return out

    def _firsts(self, found: Sequence[Scored]) -> list[Scored]:
        """The best candidates of the kinds that come first."""
        features = self.kind_features(found)
        chosen = KIND_WEIGHTS if self.one.excluded else BARE_KIND_WEIGHTS
        weights = {kind: sum(w * x for w, x in zip(chosen, row, strict=True)) for kind, (_, row) in features.items()}
        likeliest = sorted(weights, key=lambda kind: (-weights[kind], kind))
        order: dict[Kind, None] = {}
        for turn in FIRST:
            following = next((kind for kind in (likeliest if turn is BY_KIND else features) if kind not in order), None)
            if following is not None:
                order[following] = None
        return [features[kind][0] for kind in order]

    def kind_features(self, found: Sequence[Scored]) -> dict[Kind, tuple[Scored, tuple[float, ...]]]:
        """By plain kind, the best candidate's first: that candidate, and what speaks for the kind, in KIND_WEIGHTS' order."""
        best: dict[Kind, tuple[int, Scored]] = {}
        counts: Counter[Kind] = Counter()
        for rank, one in enumerate(found):
            kind = plain.plain(one.native.field, one.candidate.base, one.native.op, one.native.value)
            if kind:
                best.setdefault(kind, (rank, one))
                counts[kind] += 1
        excluded = sum(self.own_fields.values()) or 1
        places: Counter[str] = Counter()
        for field, number in self.own_fields.items():
            places[self._place(field)] += number
        own = Counter(kind for leaf in self.one.excluded if (kind := self._plain(leaf.indicator)))
        things: Counter[str] = Counter()
        for (_, thing), number in own.items():
            things[thing] += number
        in_source: Counter[str] = Counter()
        for source in self.one.sources:
            in_source.update(self.peers.fields_of(source))
        looked_at = sum(in_source.values()) or 1
        votes, mates = self._kind_votes()
        most = max((votes[kind] for kind in best), default=0.0) or 1.0
        habit = max((mates[kind] for kind in best), default=0) or 1
        fields = {base(indicator.field) for indicator in self.one.required}
        return {
            kind: (
                one,
                (
                    log(1 + rank),
                    log(1 + counts[kind]),
                    log(0.03 + votes[kind] / most),
                    log(0.03 + mates[kind] / habit),
                    places[kind[0]] / excluded,
                    log(1 + own[kind]),
                    things[kind[1]] / excluded,
                    in_source[one.candidate.base] / looked_at,
                    float(one.candidate.base in fields),
                ),
            )
            for kind, (rank, one) in best.items()
        }

    def _kind_votes(self) -> tuple[dict[Kind, float], Counter[Kind]]:
        """By kind: the summed likeness of the peers that exclude it, and how many independent ones read the same events."""
        likest: dict[tuple[Kind, str], float] = {}
        same: set[tuple[Kind, str]] = set()
        excluded, voted = self.peers.excluded, self.peers.voted
        leaves = set().union(*(excluded[at] for at in self.likeness))
        kind_of = {leaf: self._plain(voted[leaf].indicator) for leaf in leaves}
        for at, likeness in self.likeness.items():
            peer = self.peers.peers[at]
            keys = {(kind, peer.family) for leaf in excluded[at] if (kind := kind_of[leaf]) is not None}
            for key in keys:
                likest[key] = max(likest.get(key, 0.0), likeness)
            if not self.one.sources.isdisjoint(peer.sources):
                same |= keys
        votes: dict[Kind, float] = defaultdict(float)
        for (kind, _), likeness in sorted(likest.items()):
            votes[kind] += likeness
        return votes, Counter(kind for kind, _ in same)

    def _plain(self, leaf: Indicator) -> Kind | None:
        """The plain kind of an exclusion, its field by the rule's own name for it."""
        where = self._place(base(leaf.field))
        what = plain.thing(where, leaf.op, leaf.value)
        return (where, what) if what else None

    def _place(self, field: str) -> str:
        found = self._places.get(field)
        if found is None:
            names = self.wording.fields(field)
            found = self._places[field] = plain.place(names[0] if names else field, field)
        return found

    # evidence

    def _suggestion(self, one: Scored) -> Suggestion | None:
        """None for a leaf that stands with others only, of which the rule's events have none or it has no words."""
        leaf = one.candidate.indicator
        voters = sorted(one.candidate.voters, key=lambda at: (-self.likeness[at], self.peers.peers[at].handle))
        rest = self._rest(leaf, voters)
        if rest is None:
            return None
        handles: dict[str, str] = {}  # family → its member most like the rule
        for at in voters:
            handles.setdefault(self.peers.peers[at].family, self.peers.peers[at].handle)
        score = round(_share(one.score, bool(self.one.excluded)), 4)
        completes = leaf in self.twins or (leaf.op == "null" and not voters)
        return Suggestion(
            leaf, one.native, rest, one.cls[1], score, len(handles),
            tuple(handles.values()), COMPLETES if completes else "", caveat(leaf),
        )  # fmt: skip

    def _rest(self, leaf: Indicator, voters: Sequence[int]) -> tuple[Native, ...] | None:
        """The other leaves of the clause in which like rules exclude it; () where it stands alone in some, None: can't be."""
        at = self.peers.leaf(leaf)
        if not voters or at is None or not self.peers.voted[at].alone.isdisjoint(voters):
            return ()
        for number in voters[:10]:
            for rest in _beside(self.catalog.rule(self.peers.peers[number].handle), leaf):
                words = [self.wording.native(other) if self.allowed.has(base(other.field)) else None for other in rest]
                if all(words):
                    return tuple(word for word in words if word)
        return None


def _beside(rule: CatalogRule, leaf: Indicator) -> Iterator[tuple[Indicator, ...]]:
    yield from sorted(rule.beside(leaf), key=lambda rest: (len(rest), rest))


def _class(leaf: Indicator, cls: str) -> Class:
    return field_kind(leaf.field), cls or kinds.benign_class(leaf)


def _share(score: float, tuned: bool) -> float:
    """A score as a share: of suggestions scored like it, among the first ten, so many were hidden exclusions of public rules.

    `tuned`: the rule has exclusions. Fitted on rules of 2023 (all or half of their exclusions hidden), checked on 2026's.
    """
    level, slope = (-3.55, 0.886) if tuned else (-1.11, 7.28)
    return 1 / (1 + exp(-level - slope * score))
