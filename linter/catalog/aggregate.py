"""Records → the rules of a catalog, and the tables of any set of rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from linter.catalog import copies, kinds, layout
from linter.catalog.corpora import Record
from linter.catalog.model import (
    LETTERS,
    CatalogRule,
    EventRow,
    Excluded,
    ExclusionRow,
    FieldRow,
    IndicatorRow,
)
from linter.rule import Indicator
from linter.taxonomy import values

_LETTER = {vendor: letter for letter, vendor in LETTERS.items()}
SAMPLES = 5
_PARTED = values.PATHS | values.USERS | {"Hashes"}


class Gathered(NamedTuple):
    """A whole catalog before it is written. `titles`: (provider, id) → (class, title)."""

    rules: list[CatalogRule]
    written: dict[Indicator, str]
    spellings: Counter[tuple[str, str, str, str, str, str]]
    titles: dict[tuple[str, str], tuple[str, str]]
    broad: dict[str, tuple[Indicator, ...]]  # handle → what its exclusions are narrower cases of


class Tables(NamedTuple):
    """The tables of a set of rules, each in falling order of its count."""

    events: list[EventRow]
    fields: list[FieldRow]
    indicators: list[IndicatorRow]
    exclusions: list[ExclusionRow]


def gather(records: Sequence[Record]) -> Gathered:
    """The rules with their handles, families and kinds of exclusion, in the order of the records."""
    handles = _handles(records)
    members = [
        copies.Member(handle, record.rule.id, record.rule.classes, record.rule.indicators, record.names)
        for handle, record in zip(handles, records, strict=True)
    ]
    families = copies.families(members)
    judge = kinds.Judge(record.rule for record in records)
    written: dict[Indicator, Counter[str]] = defaultdict(Counter)
    spellings: Counter[tuple[str, str, str, str, str, str]] = Counter()
    titles: dict[tuple[str, str], tuple[str, str]] = {}
    rules: list[CatalogRule] = []
    broad: dict[str, tuple[Indicator, ...]] = {}
    for handle, record in zip(handles, records, strict=True):
        for indicator, text in record.written:
            written[indicator][text] += 1
        for field, op, native, native_op, template in record.spellings:
            spellings[field, op, record.rule.vendor, native, native_op, template] += 1
        for provider, id, cls, title in record.titles:
            if not titles.get((provider, id), ("", ""))[1]:
                titles[provider, id] = (cls, title)
        excluded, clauses = _judged(record, judge)
        family = families.get(handle, handle)
        rules.append(record.rule._replace(handle=handle, family=family, excluded=excluded, clauses=clauses))
        exact = {leaf.indicator for leaf in record.leaves}
        broad[handle] = tuple(dict.fromkeys(one for leaf in record.leaves for one in leaf.broad if one not in exact))
    commonest = {indicator: min(texts, key=lambda text: (-texts[text], text)) for indicator, texts in written.items()}
    return Gathered(rules, commonest, spellings, titles, broad)


def _handles(records: Sequence[Record]) -> list[str]:
    """A handle a record: from its key, from its place where keys repeat, longer where stems collide."""
    keys: set[str] = set()
    taken: set[str] = set()
    out = []
    for record in records:
        key = record.key
        if key in keys:
            key = f"{record.rule.vendor}:{record.rule.path}#{record.rule.title}"
        number = 1
        while key in keys:
            number += 1
            key = f"{record.rule.vendor}:{record.rule.path}#{record.rule.title}#{number}"
        keys.add(key)
        length = 5
        while (handle := layout.handle_stem(_LETTER[record.rule.vendor], key, length)) in taken:
            length += 1
        taken.add(handle)
        out.append(handle)
    return out


def _judged(record: Record, judge: kinds.Judge) -> tuple[tuple[Excluded, ...], tuple[tuple[tuple[int, ...], ...], ...]]:
    """The excluded leaves with kind and class, in the order of the snapshot, and the clauses renumbered to it."""
    found = [
        (Excluded(leaf.indicator, *kind, leaf.alone), number)
        for number, (leaf, kind) in enumerate(zip(record.leaves, judge.kinds(record), strict=True))
    ]
    found.sort(key=lambda item: (item[0].kind, item[0].cls, item[0].indicator))
    place = {number: at for at, (_, number) in enumerate(found)}
    clauses = {tuple(tuple(sorted({place[n] for n in factor})) for factor in clause) for clause in record.clauses}
    return tuple(leaf for leaf, _ in found), tuple(sorted(clauses))


def base(field: str) -> str:
    """A canonical field without the part that a path, an account or a hash has."""
    head = field.partition(".")[0]
    return head if head in _PARTED else field


def tables(rules: Iterable[CatalogRule], titles: Mapping[tuple[str, str], tuple[str, str]]) -> Tables:
    """The tables of some rules. A rule counts at most once a row."""
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
            EventRow(provider, id, titles.get((provider, id), ("", ""))[1], total, implied == total)
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
        [
            IndicatorRow(one, tuple(sorted(rules)))
            for one, rules in sorted(users.items(), key=lambda item: (-len(item[1]), item[0]))
        ],
        [_exclusion(one, who) for one, who in sorted(excluders.items(), key=lambda item: (-len(item[1]), item[0]))],
    )


def _exclusion(indicator: Indicator, who: list[tuple[str, Excluded]]) -> ExclusionRow:
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
