"""The tables of any set of rules: events, fields, indicators, exclusions. A rule counts at most once a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from linter.catalog.model import CatalogRule, EventRow, Excluded, ExclusionRow, FieldRow, IndicatorRow
from linter.rule import Indicator
from linter.taxonomy import values

SAMPLES = 5
T = TypeVar("T")
_PARTED = values.PATHS | values.USERS | {"Hashes"}


class Tables(NamedTuple):
    """The tables of a set of rules, each in falling order of its count."""

    events: list[EventRow]
    fields: list[FieldRow]
    indicators: list[IndicatorRow]
    exclusions: list[ExclusionRow]


def base(field: str) -> str:
    """A canonical field without the part that a path, an account or a hash has."""
    head = field.partition(".")[0]
    return head if head in _PARTED else field


def tables(
    rules: Iterable[CatalogRule], title: Callable[[str, str], str], least_using: int = 1, least_excluding: int = 1
) -> Tables:
    """The tables of some rules; `title` gives that of a (provider, id).

    Indicators that fewer rules use, and exclusions that fewer rules have, than `least_…` are left out.
    """
    events: dict[tuple[str, str], list[int]] = {}
    ops: dict[str, Counter[str]] = defaultdict(Counter)
    samples: dict[str, Counter[str]] = defaultdict(Counter)
    users: dict[Indicator, list[str]] = defaultdict(list)
    excluders: dict[Indicator, list[tuple[str, Excluded]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for rule in rules:
        concrete: dict[tuple[str, str], bool] = {}
        for _, provider, id, implied in rule.events:
            concrete[provider, id] = implied and concrete.get((provider, id), True)
        for key, implied in concrete.items():
            row = events.setdefault(key, [0, 0])
            row[0] += 1
            row[1] += implied
        seen: set[tuple[str, str]] = set()
        for indicator in rule.indicators:
            users[indicator].append(rule.handle)
            if indicator not in rule.secondary:
                name = base(indicator.field)
                seen.add((name, indicator.op))
                if indicator.value:
                    samples[name][indicator.value] += 1
        for leaf in rule.excluded:
            excluders[leaf.indicator].append((rule.handle, leaf))
            seen.add((base(leaf.indicator.field), f"not {leaf.indicator.op}"))
        for name, op in seen:
            ops[name][op] += 1
        counts.update({name for name, _ in seen})
    return Tables(
        [
            EventRow(provider, id, title(provider, id), total, implied == total)
            for (provider, id), (total, implied) in sorted(events.items(), key=lambda item: (-item[1][0], item[0]))
        ],
        [
            FieldRow(
                name,
                count,
                dict(sorted(ops[name].items(), key=lambda item: (-item[1], item[0]))),
                tuple(sorted(samples[name], key=lambda text: (-samples[name][text], text))[:SAMPLES]),
            )
            for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            if name
        ],
        [IndicatorRow(one, tuple(sorted(rules))) for one, rules in _falling(users, least_using)],
        [_exclusion(one, who) for one, who in _falling(excluders, least_excluding)],
    )


def _falling(found: dict[Indicator, list[T]], least: int) -> list[tuple[Indicator, list[T]]]:
    """Those with at least so many entries, in falling order of their number."""
    return sorted([one for one in found.items() if len(one[1]) >= least], key=lambda one: (-len(one[1]), one[0]))


def _exclusion(indicator: Indicator, who: list[tuple[str, Excluded]]) -> ExclusionRow:
    if len(who) == 1:
        ((handle, leaf),) = who
        only = (handle,)
        return ExclusionRow(
            indicator, leaf.kind, leaf.cls, only, frozenset(only if leaf.alone else ()), only if leaf.kind == "benign" else ()
        )
    who = sorted(who)
    kind = _most(leaf.kind for _, leaf in who)
    cls = _most(leaf.cls for _, leaf in who)
    return ExclusionRow(
        indicator,
        kind,
        cls,
        tuple(handle for handle, _ in who),
        frozenset(handle for handle, leaf in who if leaf.alone),
        tuple(handle for handle, leaf in who if leaf.kind == "benign"),
    )


def _most(words: Iterable[str]) -> str:
    counts = Counter(words)
    return min(counts, key=lambda word: (-counts[word], word))
