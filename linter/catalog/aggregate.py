"""Records → the rules of a catalog: handles, families, kinds of exclusion, spellings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from linter.catalog import copies, kinds, layout
from linter.catalog.corpora import Record
from linter.catalog.model import LETTERS, CatalogRule, Excluded
from linter.rule import Indicator

_LETTER = {vendor: letter for letter, vendor in LETTERS.items()}


class Gathered(NamedTuple):
    """A whole catalog before it is written. `titles`: (provider, id) → (class, title)."""

    rules: list[CatalogRule]
    written: dict[Indicator, str]
    spellings: Counter[tuple[str, str, str, str, str, str]]
    titles: dict[tuple[str, str], tuple[str, str]]
    broad: dict[str, tuple[Indicator, ...]]  # handle → what its exclusions are narrower cases of


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
