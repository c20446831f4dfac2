"""Records → the rules of a catalog: handles, families, kinds of exclusion, spellings."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from linter.catalog import copies, kinds, layout
from linter.catalog.model import LETTERS, CatalogRule
from linter.catalog.records import Leaf, Record
from linter.catalog.store import Clauses, Indicators, Lazy, PackedLeaf, PackedRule, Rules, Spool, packed, unpacked
from linter.rule import Indicator

_LETTER = {vendor: letter for letter, vendor in LETTERS.items()}


class Gathered(NamedTuple):
    """A whole catalog before it is written. `titles`: (provider, id) → (class, title); `counts`: rules by corpus."""

    rules: Rules
    written: Written
    spellings: Counter[tuple[str, str, str, str, str, str]]
    titles: dict[tuple[str, str], tuple[str, str]]
    counts: Counter[str]


class Written:
    """How rules write an indicator: by its number the commonest text, where that is not its value."""

    def __init__(self) -> None:
        self._plain = array("I")  # how often it is written as its value
        self._others: list[str | dict[str, int] | None] = []  # one text seen once, or texts with their counts

    def add(self, number: int, value: str, text: str) -> None:
        """Counts a text."""
        missing = number + 1 - len(self._others)
        if missing > 0:
            self._others += [None] * missing
            self._plain.extend([0] * missing)
        if text == value:
            self._plain[number] += 1
            return
        before = self._others[number]
        if before is None:
            self._others[number] = text
            return
        counts = {before: 1} if isinstance(before, str) else before
        counts[text] = counts.get(text, 0) + 1
        self._others[number] = counts

    def commonest(self, number: int, value: str) -> str:
        """The commonest text, of several the first by its characters; "" where it is the value."""
        others = self._others[number] if number < len(self._others) else None
        if others is None:
            return ""
        counts = {others: 1} if isinstance(others, str) else dict(others)
        if self._plain[number]:
            counts[value] = self._plain[number]
        text = min(counts, key=lambda one: (-counts[one], one))
        return "" if text == value else text


class _Draft(NamedTuple):
    """A record as plain values; `leaves`: indicator, broad (numbers), listed, alone, label."""

    key: str
    rule: PackedRule
    leaves: tuple[tuple[int, tuple[int, ...], bool, bool, str], ...]
    clauses: Clauses
    names: tuple[str, ...]
    mentions: tuple[str, ...]


class _Drafts:
    """The records, in their order, before families and kinds are known."""

    def __init__(self, folder: Path | None) -> None:
        self.indicators = Indicators()
        self.handles: list[str] = []
        self.written = Written()
        self.spellings: Counter[tuple[str, str, str, str, str, str]] = Counter()
        self.titles: dict[tuple[str, str], tuple[str, str]] = {}
        self.counts: Counter[str] = Counter()
        self.named: set[str] = set()  # ids that some rule names
        self.excluded: set[Indicator] = set()
        self._spool = Spool(folder)
        self._owners: dict[str, int] = {}  # handle → number

    def add(self, record: Record) -> None:
        """Takes a record."""
        number, numbers = self.indicators.number, self.indicators.numbers
        for indicator, text in record.written:
            self.written.add(number(indicator), indicator.value, text)
        for field, op, native, native_op, template in record.spellings:
            self.spellings[field, op, record.rule.vendor, native, native_op, template] += 1
        for provider, id, cls, title in record.titles:
            if not self.titles.get((provider, id), ("", ""))[1]:
                self.titles[provider, id] = (cls, title)
        self.counts[record.corpus] += 1
        self.named.update(record.names, record.mentions)
        key, handle = self._handle(record)
        self._owners[handle] = len(self.handles)
        self.handles.append(handle)
        leaves = tuple([(number(one.indicator), numbers(one.broad), one.listed, one.alone, one.label) for one in record.leaves])
        self.excluded.update(self.indicators.items[leaf[0]] for leaf in leaves)
        rule = packed(record.rule, self.indicators)
        self._spool.append(tuple(_Draft(key, rule, leaves, record.clauses, record.names, record.mentions)))

    def _handle(self, record: Record) -> tuple[str, str]:
        """(key, handle): from the rule's key, from its place where keys repeat, longer where stems collide."""
        rule = record.rule
        letter = _LETTER[rule.vendor]
        key = record.key
        number = 1
        while self._known(letter, key):
            key = f"{rule.vendor}:{rule.path}#{rule.title}" + (f"#{number}" if number > 1 else "")
            number += 1
        length = 5
        while (handle := layout.handle_stem(letter, key, length)) in self._owners:
            length += 1
        return key, handle

    def _known(self, letter: str, key: str) -> bool:
        """Whether a rule has this key: then it has one of the handles that the key can have."""
        length = 5
        while (owner := self._owners.get(layout.handle_stem(letter, key, length))) is not None:
            if self.draft(owner).key == key:
                return True
            length += 1
        return False

    def read_on(self) -> None:
        """No more records come: what only they need goes."""
        self._owners = {}
        self.indicators.close()

    def draft(self, number: int) -> _Draft:
        """A record as plain values."""
        return _Draft._make(self._spool[number])

    def rule(self, number: int) -> CatalogRule:
        """The rule of a record."""
        return unpacked(self.draft(number).rule, self.indicators.items)

    def member(self, number: int) -> copies.Member:
        """What decides whose copy it is."""
        draft = self.draft(number)
        rule = unpacked(draft.rule, self.indicators.items)
        return copies.Member(self.handles[number], rule.id, rule.classes, rule.indicators, draft.names)

    def record(self, draft: _Draft) -> Record:
        """The record of plain values, without what has been counted already."""
        items = self.indicators.items
        leaves = [Leaf(items[leaf[0]], tuple([items[one] for one in leaf[1]]), *leaf[2:]) for leaf in draft.leaves]
        rule = unpacked(draft.rule, items)
        return Record(draft.key, rule, tuple(leaves), draft.clauses, (), (), (), draft.names, draft.mentions)

    def close(self) -> None:
        """Gives the temporary file back."""
        self._spool.close()


def gather(records: Iterable[Record], folder: Path | None = None) -> Gathered:
    """The rules with their handles, families and kinds of exclusion, in the order of the handles.

    `folder` is where the temporary files are, some 1.2 KiB a rule (None: the platform's temporary folder). OSError when they
    can't be written.
    """
    drafts = _Drafts(folder)
    for record in records:
        drafts.add(record)
    drafts.read_on()
    count = len(drafts.handles)
    families = copies.families(Lazy(count, drafts.member))
    judge = kinds.Judge(Lazy(count, drafts.rule), drafts.excluded, drafts.named)
    rules = Rules(folder, drafts.indicators.items)
    for number in sorted(range(count), key=drafts.handles.__getitem__):
        handle = drafts.handles[number]
        draft = drafts.draft(number)
        leaves, clauses = _judged(draft, drafts.record(draft), judge)
        exact = {leaf[0] for leaf in draft.leaves}
        broad = dict.fromkeys(one for leaf in draft.leaves for one in leaf[1] if one not in exact)
        rules.append(draft.rule, handle, families.get(handle, handle), leaves, clauses, broad)
    drafts.close()
    return Gathered(rules, drafts.written, drafts.spellings, drafts.titles, drafts.counts)


def _judged(draft: _Draft, record: Record, judge: kinds.Judge) -> tuple[list[PackedLeaf], Clauses]:
    """The excluded leaves with kind and class, in the order of the snapshot, and the clauses renumbered to it."""
    found: list[tuple[Any, int]] = []
    for number, (leaf, (kind, cls)) in enumerate(zip(record.leaves, judge.kinds(record), strict=True)):
        found.append(((kind, cls, leaf.indicator), number))
    found.sort()
    place = {number: at for at, (_, number) in enumerate(found)}
    clauses = {tuple(tuple(sorted({place[n] for n in factor})) for factor in clause) for clause in draft.clauses}
    leaves = [(draft.leaves[number][0], kind, cls, draft.leaves[number][3]) for (kind, cls, _), number in found]
    return leaves, tuple(sorted(clauses))
