"""Families of near-copies: rules that say the same of the same events, or of which one names the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from linter.catalog.model import near, telling
from linter.rule import Indicator


class Member(NamedTuple):
    """What decides who is a copy of whom."""

    handle: str
    id: str
    classes: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    names: tuple[str, ...]  # ids of the rules it names as its origin, successor or twin


def families(members: Sequence[Member]) -> dict[str, str]:
    """The family (its smallest handle) of every member that has a near-copy."""
    union = _Union(member.handle for member in members)
    by_id: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if member.id:
            by_id[member.id].append(member.handle)
    for handles in by_id.values():
        for other in handles[1:]:
            union.join(handles[0], other)
    for member in members:
        for name in member.names:
            for other in by_id.get(name, ()):
                union.join(member.handle, other)
    for left, right in pairs(members):
        union.join(left, right)
    roots = {member.handle: union.root(member.handle) for member in members}
    sizes = Counter(roots.values())
    return {handle: root for handle, root in roots.items() if sizes[root] > 1}


def pairs(members: Sequence[Member]) -> Iterable[tuple[str, str]]:
    """The pairs with a common event class whose telling indicators are near.

    Two sets that alike share one of the rarest tenth (plus one) of either, so only those are indexed: near linear. Equal
    sets are joined to their first one, so that a thousand copies are a thousand pairs.
    """
    frequency: Counter[Indicator] = Counter()
    for member in members:
        frequency.update(telling(member.indicators))
    twins: dict[tuple[str, frozenset[Indicator]], str] = {}
    postings: dict[tuple[str, Indicator], list[tuple[str, frozenset[Indicator]]]] = defaultdict(list)
    for member in members:
        indicators = telling(member.indicators)
        if not indicators:
            continue
        ordered = sorted(indicators, key=lambda indicator: (frequency[indicator], indicator))
        prefix = ordered[: len(ordered) - -(-9 * len(ordered) // 10) + 1]
        for cls in member.classes:
            twin = twins.setdefault((cls, indicators), member.handle)
            if twin != member.handle:
                yield twin, member.handle
                continue
            seen: set[str] = set()
            for indicator in prefix:
                posting = postings[cls, indicator]
                for handle, other in posting:
                    if handle not in seen and 0.9 <= len(other) / len(indicators) <= 1 / 0.9:
                        seen.add(handle)
                        if near(indicators, other):
                            yield handle, member.handle
                posting.append((member.handle, indicators))


class _Union:
    """Disjoint sets whose root is the smallest member."""

    def __init__(self, items: Iterable[str]) -> None:
        self._parent = {item: item for item in items}

    def root(self, item: str) -> str:
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, left: str, right: str) -> None:
        left, right = sorted((self.root(left), self.root(right)))
        self._parent[right] = left
