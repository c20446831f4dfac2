"""The tables of a technique or an event class, read row by row from one or more layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

from linter.catalog import layout
from linter.catalog.model import EventRow, ExclusionRow, FieldRow, IndicatorRow
from linter.rule import Indicator

_NONE: frozenset[str] = frozenset()
_KINDS = {">": "delegated", "=": "definitional", "@": "list"}
Piece = tuple[str, bytes]  # a layer's handle prefix and its block


class Table:
    """The statistics of one technique or event class. Empty (no rules) when the catalog knows none of the name.

    Rows come in falling order of their rules. `exclude` holds handles that do not testify: they are taken out of every
    row, and rows without any other are left out; `minimum` rules must remain.
    """

    def __init__(self, name: str, pieces: Sequence[Piece], family: Callable[[str], str]) -> None:
        self.name = name
        self._pieces = [piece for piece in pieces if piece[1]]
        self._family = family

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The handles of the rules, those of a technique's sub-techniques included."""
        return tuple(prefix + line for prefix, line in self._lines("rules"))

    @cached_property
    def handles(self) -> frozenset[str]:
        """The same as a set."""
        return frozenset(self.rules)

    @cached_property
    def _families(self) -> int:
        if len(self._pieces) == 1:
            return int(self._pieces[0][1].partition(b"\n")[0].split(b"\t")[2])
        return self.families(self.rules)

    def families(self, handles: Collection[str] | None = None, exclude: Collection[str] = _NONE) -> int:
        """How many independent rules (near-copies once) are among these handles; all of the table's when None."""
        if handles is None:
            if not exclude:
                return self._families
            handles = self.rules
        family = self._family
        return len({family(handle) for handle in handles if handle not in exclude})

    def events(self) -> list[EventRow]:
        """The concrete events its rules read."""
        found: dict[tuple[str, str, str, bool], int] = {}
        for _, line in self._lines("events"):
            rules, implied, provider, id, title = line.split("\t")
            key = (layout.unescape(provider), layout.unescape(id), layout.unescape(title), implied == "*")
            found[key] = found.get(key, 0) + int(rules)
        return [EventRow(key[0], key[1], key[2], rules, key[3]) for key, rules in found.items()]

    def fields(self) -> list[FieldRow]:
        """The canonical fields its rules look at. Counts are of all its rules."""
        rows: dict[str, tuple[int, Counter[str], list[str]]] = {}
        for _, line in self._lines("fields"):
            rules, field, ops, *samples = line.split("\t")
            count, total, seen = rows.get(field, (0, Counter(), []))
            for op in ops.split(","):
                name, _, number = op.rpartition(" ")
                total[name] += int(number)
            rows[field] = (count + int(rules), total, seen + [one for one in samples if one not in seen])
        return [
            FieldRow(layout.unescape(field), count, dict(ops), tuple(map(layout.unescape, samples[:5])))
            for field, (count, ops, samples) in sorted(rows.items(), key=lambda row: (-row[1][0], row[0]))
        ]

    def indicators(self, minimum: int = 2, exclude: Collection[str] = _NONE) -> Iterator[IndicatorRow]:
        """The indicators of two rules or more."""
        for indicator, tokens in self._rows("indicators", minimum):
            rules = tuple(handle for handle in tokens if handle not in exclude) if exclude else tuple(tokens)
            if len(rules) >= minimum:
                yield IndicatorRow(indicator, rules)

    def exclusions(self, minimum: int = 1, exclude: Collection[str] = _NONE) -> Iterator[ExclusionRow]:
        """The excluded leaves; a technique's are those of two rules or more."""
        for indicator, tokens in self._rows("exclusions", minimum):
            row = exclusion_row(indicator, tokens.pop(), tokens, exclude)
            if row is not None and len(row.rules) >= minimum:
                yield row

    def _lines(self, name: str) -> Iterator[tuple[str, str]]:
        for prefix, lines in self._pieces:
            for line in layout.section(lines, name).decode("utf-8").split("\n"):
                if line:
                    yield prefix, line

    def _rows(self, name: str, minimum: int) -> Iterator[tuple[Indicator, list[str]]]:
        """Indicators with the tokens of their rules, the class (exclusions) last."""
        classed = name == "exclusions"
        if len(self._pieces) > 1:
            yield from self._merged(name, classed)
            return
        for prefix, line in self._lines(name):
            cells = line.split("\t")
            if int(cells[0]) < minimum:
                return
            yield _indicator(cells), _tokens(cells, prefix, classed)

    def _merged(self, name: str, classed: bool) -> Iterator[tuple[Indicator, list[str]]]:
        rows: dict[tuple[str, ...], list[str]] = {}
        first: dict[tuple[str, ...], list[str]] = {}
        for prefix, line in self._lines(name):
            cells = line.split("\t")
            key = tuple(cells[1:4])
            tokens = _tokens(cells, prefix, classed)
            if key in rows:
                rows[key] = (rows[key][:-1] if classed else rows[key]) + tokens
            else:
                rows[key], first[key] = tokens, cells
        for key, tokens in sorted(rows.items(), key=lambda row: (-len(row[1]), row[0])):
            yield _indicator(first[key]), tokens


def _indicator(cells: list[str]) -> Indicator:
    _, field, op, value, *_ = cells
    if value.isascii() and field.isascii():  # nothing to unescape
        return Indicator(field, op, value)
    return Indicator(layout.unescape(field), op, layout.unescape(value))


def _tokens(cells: list[str], prefix: str, classed: bool) -> list[str]:
    tokens = cells[-1].split(" ")
    if prefix:
        tokens = [prefix + token for token in tokens]
    if classed:
        tokens.append(cells[4])
    return tokens


def exclusion_row(indicator: Indicator, cls: str, tokens: list[str], exclude: Collection[str]) -> ExclusionRow | None:
    """A row of marked handles; None when none of them may testify."""
    if len(tokens) == 1 and not exclude:  # four of five rows: a short way
        token = tokens[0]
        handle = token.rstrip(layout.MARKS)
        marks = token[len(handle) :]
        kind = _KINDS.get(marks[-1:], "benign")
        alone = _NONE if "+" in marks else frozenset((handle,))
        return ExclusionRow(indicator, kind, cls, (handle,), alone, (handle,) if kind == "benign" else ())
    return _counted(indicator, cls, tokens, exclude)


def _counted(indicator: Indicator, cls: str, tokens: list[str], exclude: Collection[str]) -> ExclusionRow | None:
    rules: list[str] = []
    benign: list[str] = []
    alone: list[str] = []
    kinds: list[str] = []
    for token in tokens:
        handle = token.rstrip(layout.MARKS)
        if handle in exclude:
            continue
        rules.append(handle)
        marks = token[len(handle) :]
        kind = next((_KINDS[mark] for mark in marks if mark in _KINDS), "benign") if marks else "benign"
        kinds.append(kind)
        if kind == "benign":
            benign.append(handle)
        if "+" not in marks:
            alone.append(handle)
    if not rules:
        return None
    kind = "benign" if 2 * len(benign) > len(rules) else Counter(kinds).most_common(1)[0][0]
    return ExclusionRow(indicator, kind, cls, tuple(rules), frozenset(alone), tuple(benign))
