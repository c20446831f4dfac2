"""A parsed TOML or JSON document whose values know their places in the file.

A path is a tuple of keys and indexes: `("rule", "threat", 0, "technique", 1, "id")`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from linter.rule import GROUPS, Node, Not, Predicate, Term
from linter.source import Embedded

Path: TypeAlias = tuple[str | int, ...]
Span: TypeAlias = tuple[int, int]
MAX_TEXT = 500_000  # characters of a query; the longest public one has 60,000
MAX_VALUES = 300_000  # of one document; a rule has some 100, an array of all of Elastic's rules 150,000
MAX_DEPTH = 100  # of tables and arrays in one another; public rules have 8


class DocumentError(ValueError):
    """A text that is no such document, and where (offsets in the file)."""

    def __init__(self, message: str, start: int, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = start + 1 if end is None else end


class Document(NamedTuple):
    """`values` and `keys` give the spans of values and of keys (a TOML table's: its first header) by path."""

    text: str
    value: Any
    values: Mapping[Path, Span]
    keys: Mapping[Path, Span]
    decode: Callable[[str, int, int], Embedded]

    def get(self, *path: str | int) -> Any:
        """The value at a path; None when there is none."""
        found = self.value
        for step in path:
            if isinstance(found, dict) and isinstance(step, str):
                found = found.get(step)
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def string(self, *path: str | int) -> str:
        """The string at a path; "" when there is none."""
        found = self.get(*path)
        return found if isinstance(found, str) else ""

    def strings(self, *path: str | int) -> tuple[str, ...]:
        """The strings of a list at a path, or the one string that stands there."""
        found = self.get(*path)
        if isinstance(found, str):
            return (found,)
        return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()

    def span(self, *path: str | int) -> Span:
        """Where the value at a path stands, else its key, else what holds it, else the start of the file."""
        while path:
            found = self.values.get(path) or self.keys.get(path)
            if found:
                return found
            path = path[:-1]
        return self.values.get((), (0, 0))

    def inside(self, *path: str | int) -> Span:
        """As `span`, without the quotes of a string."""
        start, end = self.span(*path)
        quote = self.text[start : start + 1]
        if quote not in ("'", '"') or end - start < 2 or self.text[end - 1] != quote:
            return start, end
        size = 3 if self.text.startswith(quote * 3, start) and end - start >= 6 else 1
        return start + size, end - size

    def embedded(self, *path: str | int) -> Embedded:
        """The string at a path with its place in the file."""
        value = self.string(*path)
        found = self.values.get(path)
        if found is not None and found[1] - found[0] <= MAX_TEXT:
            embedded = self.decode(self.text, *found)
            if embedded.text == value:
                return embedded
        return Embedded(value, ((0, self.span(*path)[0]),))


def relocated(node: Node, place: Embedded) -> Node:
    """The same tree with every term's offsets in the file instead of in the embedded text."""
    if isinstance(node, Term):
        return node._replace(start=place.at(node.start), end=place.end(node.start, node.end))
    if isinstance(node, Not):
        return Not(relocated(node.item, place), node.label)
    if isinstance(node, GROUPS):
        return type(node)(tuple(relocated(item, place) for item in node.items), node.label)
    assert isinstance(node, Predicate)
    return node


def unescaped(text: str, start: int, end: int, pieces: Callable[[str, int, int], tuple[int, int, str] | None]) -> Embedded:
    """The text at [start, end) with what `pieces` finds replaced: it gives the next (start, end, value) from an offset on."""
    out: list[str] = []
    segments: list[Span] = [(0, start)]
    size, at = 0, start
    while (found := pieces(text, at, end)) is not None:
        begin, finish, value = found
        if begin > at:
            out.append(text[at:begin])
            size += begin - at
        if segments[-1] != (size, begin):
            segments.append((size, begin))
        out.append(value)
        size += len(value)
        at = finish
        segments.append((size, at))
    out.append(text[at:end])
    return Embedded("".join(out), tuple(_stepping(segments)))


def _stepping(segments: list[Span]) -> list[Span]:
    """Of segments at the same inner offset only the last."""
    out: list[Span] = []
    for segment in segments:
        if out and out[-1][0] == segment[0]:
            out[-1] = segment
        else:
            out.append(segment)
    return out
