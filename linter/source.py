"""A file's text, its lines and columns, and texts embedded in it (a query inside YAML, TOML or JSON)."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

_SHORT = 20_000  # characters


class Position(NamedTuple):
    """A place in a file: 1-based line and column, the column in code points."""

    line: int
    column: int


class Source:
    """The text of one file.

    `path` is as the user gave it, with `/`. Offsets into `text` count code points from 0; `text` keeps its line ends
    (`\\n`, `\\r\\n` or `\\r`), so that an offset always points at the character a reader sees in the file.
    """

    __slots__ = ("_starts", "bom", "path", "text")

    def __init__(self, path: str, text: str, bom: bool = False) -> None:
        self.path = path
        self.text = text
        self.bom = bom
        self._starts: list[int] = []

    @property
    def line_starts(self) -> list[int]:
        """Offset of the first character of each line."""
        if not self._starts:
            starts = [0]
            text, at = self.text, 0
            if "\r" not in text:
                starts = [*accumulate([len(line) + 1 for line in text.split("\n")[:-1]], initial=0)]
            else:
                while at < len(text):
                    if text[at] == "\n" or (text[at] == "\r" and text[at + 1 : at + 2] != "\n"):
                        starts.append(at + 1)
                    at += 1
            self._starts = starts
        return self._starts

    def position(self, offset: int) -> Position:
        """The line and column of an offset; an offset past the end is the end."""
        text = self.text
        offset = max(0, min(offset, len(text)))
        if (
            not self._starts and len(text) < _SHORT and "\r" not in text
        ):  # counting is faster for the few places asked of a rule
            return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)

    def offset(self, position: Position) -> int:
        """The offset of a line and column; past the end of the file it is the end."""
        if position.line > len(self.line_starts):
            return len(self.text)
        return min(self.line_starts[position.line - 1] + position.column - 1, len(self.text))

    def line_span(self, offset: int) -> tuple[int, int]:
        """Start and end (without the line end) of the line that holds an offset."""
        line = self.position(offset).line
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return start, start + len(self.text[start:end].rstrip("\r\n"))


class Embedded(NamedTuple):
    """A text that stands inside a file, perhaps with escapes or indentation taken away.

    `segments` are (offset in the text, offset in the file) pairs, rising; between two of them both run in step.
    """

    text: str
    segments: tuple[tuple[int, int], ...]

    def at(self, offset: int) -> int:
        """The offset in the file of an offset in the embedded text."""
        segments = self.segments
        low, high = 0, len(segments)
        while low < high:
            middle = (low + high) // 2
            if segments[middle][0] <= offset:
                low = middle + 1
            else:
                high = middle
        inner, outer = segments[low - 1] if low else segments[0]
        return outer + offset - inner

    def end(self, start: int, end: int) -> int:
        """The exclusive end in the file of the embedded text's [start, end): just behind its last character."""
        if end <= start:
            return self.at(start)
        last, behind = self.at(end - 1), self.at(end)
        # an escape is one character of the text and several in the file, at most `\U` and eight digits
        return behind if 1 < behind - last <= 10 else last + 1
