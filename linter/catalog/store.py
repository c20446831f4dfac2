"""What a build holds of its rules: every rule as a row in a temporary file, every indicator once in memory.

A build goes over its rules several times, and never needs more than a few whole rules at a time. What it keeps of each are
numbers in arrays, and what it keeps of an indicator are some two hundred bytes.
"""

from __future__ import annotations

import marshal
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from linter.catalog.layout import KIND_MARKS
from linter.catalog.model import CatalogRule, Excluded
from linter.rule import Indicator

T = TypeVar("T")
ASSUMED_BITS = 1  # of `Rules.using`: the field's mapping is assumed
MARK_BITS = 4  # of `Rules.excluding`: a number in MARKS
MARKS = (*(beside + mark for beside in ("", "+") for mark in KIND_MARKS.values()), "-")
_MARK = {(not beside, kind): MARKS.index(beside + mark) for beside in ("", "+") for kind, mark in KIND_MARKS.items()}
_BROAD = MARKS.index("-")
_AT = {name: number for number, name in enumerate(CatalogRule._fields)}
_INDICATORS, _ASSUMED, _SECONDARY, _EXCLUDED = (_AT[name] for name in ("indicators", "assumed", "secondary", "excluded"))

Clauses = tuple[tuple[tuple[int, ...], ...], ...]
PackedLeaf = tuple[int, str, str, bool]  # an Excluded with its indicator's number
PackedRule = Sequence[Any]  # a CatalogRule's values, indicators as numbers, its excluded leaves as PackedLeaf


class Lazy(Sequence[T]):
    """A sequence whose items are made each time they are asked for."""

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length = length
        self._make = make

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, number: int) -> T: ...
    @overload
    def __getitem__(self, number: slice) -> list[T]: ...
    def __getitem__(self, number: int | slice) -> T | list[T]:
        if isinstance(number, slice):
            return [self._make(one) for one in range(*number.indices(self._length))]
        if not 0 <= number < self._length:
            raise IndexError(number)
        return self._make(number)


class Spool:
    """Rows of plain values in an unnamed temporary file, which goes when the process ends, however it ends. OSError."""

    def __init__(self, folder: Path | None) -> None:
        """`folder`: where the file is; None for the platform's temporary folder."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._at = array("Q", (0,))
        self._writing = True

    def __len__(self) -> int:
        return len(self._at) - 1

    def append(self, row: tuple[Any, ...]) -> None:
        """Adds a row: strings, numbers, booleans, and tuples and frozensets of such."""
        if not self._writing:
            self._file.seek(self._at[-1])
            self._writing = True
        data = marshal.dumps(row)
        self._file.write(data)
        self._at.append(self._at[-1] + len(data))

    def __getitem__(self, number: int) -> Any:
        self._writing = False
        start = self._at[number]
        self._file.seek(start)
        return marshal.loads(self._file.read(self._at[number + 1] - start))

    def close(self) -> None:
        """Gives the disk space back."""
        self._file.close()


class Indicators:
    """Indicators by number, each held once."""

    def __init__(self) -> None:
        self.items: list[Indicator] = []
        self._numbers: dict[Indicator, int] = {}

    def number(self, one: Indicator) -> int:
        """The number of an indicator, a new one if need be."""
        number = self._numbers.get(one)
        if number is None:
            kept = Indicator(sys.intern(one.field), sys.intern(one.op), one.value)
            number = self._numbers[kept] = len(self.items)
            self.items.append(kept)
        return number

    def numbers(self, some: Iterable[Indicator]) -> tuple[int, ...]:
        """The numbers of some indicators, in their order."""
        return tuple([self.number(one) for one in some])

    def close(self) -> None:
        """No more look-ups by indicator: their table is a third of the memory."""
        self._numbers = {}


def packed(rule: CatalogRule, indicators: Indicators) -> PackedRule:
    """A rule of which nothing is known to be excluded yet, as plain values."""
    row: list[Any] = list(rule)
    row[_INDICATORS] = indicators.numbers(rule.indicators)
    row[_ASSUMED] = frozenset(indicators.numbers(rule.assumed))
    row[_SECONDARY] = frozenset(indicators.numbers(rule.secondary))
    return tuple(row)


def unpacked(row: PackedRule, items: Sequence[Indicator]) -> CatalogRule:
    """The rule of plain values."""
    values = list(row)
    values[_INDICATORS] = tuple([items[number] for number in row[_INDICATORS]])
    values[_ASSUMED] = frozenset([items[number] for number in row[_ASSUMED]])
    values[_SECONDARY] = frozenset([items[number] for number in row[_SECONDARY]])
    values[_EXCLUDED] = tuple([Excluded(items[number], kind, cls, alone) for number, kind, cls, alone in row[_EXCLUDED]])
    return CatalogRule._make(values)


class Groups:
    """Lists of numbers, one behind the other in one array."""

    def __init__(self) -> None:
        self.all = array("I")
        self.ends = array("Q", (0,))

    def append(self, numbers: Iterable[int]) -> None:
        """Adds a list."""
        self.all.extend(numbers)
        self.ends.append(len(self.all))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, number: int) -> Sequence[int]:
        return self.all[self.ends[number] : self.ends[number + 1]]

    def has(self, number: int) -> bool:
        """Whether a list holds anything."""
        return self.ends[number] < self.ends[number + 1]

    def __iter__(self) -> Iterator[Sequence[int]]:
        for number in range(len(self)):
            yield self[number]

    def inverted(self, items: int, bits: int) -> Groups:
        """For each of `items` things the numbers of the lists that hold it, in rising order.

        The lowest `bits` bits of an entry are its marks; they come back with the lists' numbers.
        """
        out = Groups()
        out.ends = ends = array("Q", bytes(8 * (items + 1)))
        for entry in self.all:
            ends[(entry >> bits) + 1] += 1
        for number in range(items):
            ends[number + 1] += ends[number]
        at = ends[:-1]
        out.all = filled = array("I", bytes(4 * len(self.all)))
        mask = (1 << bits) - 1
        for number, entries in enumerate(self):
            for entry in entries:
                item = entry >> bits
                filled[at[item]] = number << bits | entry & mask
                at[item] += 1
        return out


class Rules(Sequence[CatalogRule]):
    """The judged rules of a build, in the order of their handles; each is read from the temporary file when asked for."""

    def __init__(self, folder: Path | None, items: Sequence[Indicator]) -> None:
        self._spool = Spool(folder)
        self.items = items  # the indicators that the groups' numbers mean
        self.handles: list[str] = []
        self.families: list[str] = []
        self.using = Groups()  # a rule's indicators, with ASSUMED_BITS
        self.excluding = Groups()  # the leaves it excludes, then what they are narrower cases of, with MARK_BITS

    def append(
        self, rule: PackedRule, handle: str, family: str, leaves: Sequence[PackedLeaf], clauses: Clauses, broad: Iterable[int]
    ) -> None:
        """Adds a rule. `broad`: what its exclusions are narrower cases of."""
        row = list(rule)
        row[_AT["handle"]], row[_AT["family"]], row[_AT["clauses"]], row[_EXCLUDED] = handle, family, clauses, tuple(leaves)
        self._spool.append(tuple(row))
        self.handles.append(handle)
        self.families.append(family)
        assumed = row[_ASSUMED]
        self.using.append([one << ASSUMED_BITS | (one in assumed) for one in row[_INDICATORS]])
        marked = [one << MARK_BITS | _MARK[alone, kind] for one, kind, _, alone in leaves]
        self.excluding.append(marked + [one << MARK_BITS | _BROAD for one in broad])

    def __len__(self) -> int:
        return len(self._spool)

    @overload
    def __getitem__(self, number: int) -> CatalogRule: ...
    @overload
    def __getitem__(self, number: slice) -> list[CatalogRule]: ...
    def __getitem__(self, number: int | slice) -> CatalogRule | list[CatalogRule]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        return unpacked(self._spool[number], self.items)
