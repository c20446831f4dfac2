"""Families of near-copies: rules that say the same of the same events, or of which one names the other."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from linter.catalog.model import near, telling
from linter.rule import Indicator

_KEPT = 1024  # members whose indicators are at hand


class Member(NamedTuple):
    """What decides who is a copy of whom."""

    handle: str
    id: str
    classes: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    names: tuple[str, ...]  # ids of the rules it names as its origin, successor or twin


def families(members: Sequence[Member]) -> dict[str, str]:
    """The family (its smallest handle) of every member that has a near-copy.

    `members` is gone over several times, and may make its items when they are asked for.
    """
    handles: list[str] = []
    first: dict[str, int] = {}
    same: list[tuple[int, int]] = []
    named: list[tuple[int, str]] = []
    for number, member in enumerate(members):
        handles.append(member.handle)
        if member.id and (before := first.setdefault(member.id, number)) != number:
            same.append((before, number))
        named.extend([(number, name) for name in member.names])
    same.extend([(number, first[name]) for number, name in named if name in first])
    del first, named
    union = _Union(handles)
    for left, right in same:
        union.join(left, right)
    for left, right in pairs(members):
        union.join(left, right)
    roots = array("Q", [union.root(number) for number in range(len(handles))])
    sizes = Counter(roots)
    return {handle: handles[root] for handle, root in zip(handles, roots, strict=True) if sizes[root] > 1}


def pairs(members: Sequence[Member]) -> Iterable[tuple[int, int]]:
    """The numbers of the pairs with a common event class whose telling indicators are near.

    Two sets that alike share one of the rarest tenth (plus one) of either, so only those are indexed: near linear. Equal
    sets are joined to their first one, so that a thousand copies are a thousand pairs.
    """
    frequency: Counter[Indicator] = Counter()
    for member in members:
        frequency.update(telling(member.indicators))
    twins: dict[tuple[str, tuple[Indicator, ...]], int] = {}
    postings: dict[tuple[str, Indicator], array[int]] = defaultdict(lambda: array("I"))
    sizes = array("I")

    @lru_cache(maxsize=_KEPT)
    def at(number: int) -> frozenset[Indicator]:
        return telling(members[number].indicators)

    for number, member in enumerate(members):
        indicators = telling(member.indicators)
        sizes.append(len(indicators))
        if not indicators:
            continue
        ordered = tuple(sorted(indicators, key=lambda indicator: (frequency[indicator], indicator)))
        shared = frequency[ordered[0]] > 1  # else nobody has the same
        prefix = [one for one in ordered[: len(ordered) - -(-9 * len(ordered) // 10) + 1] if frequency[one] > 1]
        for cls in member.classes:
            twin = twins.setdefault((cls, ordered), number) if shared else number
            if twin != number:
                yield twin, number
                continue
            seen: set[int] = set()
            for indicator in prefix:
                posting = postings[cls, indicator]
                for other in posting:
                    if other not in seen and 0.9 <= sizes[other] / len(indicators) <= 1 / 0.9:
                        seen.add(other)
                        if near(indicators, at(other)):
                            yield other, number
                posting.append(number)


class _Union:
    """Disjoint sets of numbers; the root is the one with the smallest handle."""

    def __init__(self, handles: Sequence[str]) -> None:
        self._handles = handles
        self._parent = array("Q", range(len(handles)))

    def root(self, item: int) -> int:
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        left, right = self.root(left), self.root(right)
        if self._handles[right] < self._handles[left]:
            left, right = right, left
        self._parent[right] = left
