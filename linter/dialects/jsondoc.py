"""JSON with places: a bare document, an array of them, or one a line (`ndjson`, Kibana's exports)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache

from linter.dialects.document import MAX_DEPTH, MAX_VALUES, Document, DocumentError, Path, Span, unescaped
from linter.source import Embedded

_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """White space, a string, any other scalar, an escape."""
    return (
        re.compile(r"[ \t\r\n]*+"),
        re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL),
        re.compile(r"[-+.\w]++"),
        re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\."),
    )


def load(text: str, start: int = 0, end: int | None = None) -> Document:
    """The document at [start, end). DocumentError with the place when it is no JSON, or deeper than any rule."""
    stop = len(text) if end is None else end
    scanner = _Scanner(text, start, stop)
    scanner.skip()
    scanner.value((), 0)
    scanner.skip()
    if scanner.at < stop:
        raise DocumentError("not JSON: more behind its end", scanner.at)
    try:
        value = json.loads(text[start:stop], strict=False)
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg}", start + error.pos) from None
    except (RecursionError, ValueError) as error:
        raise DocumentError(f"not JSON: {str(error)[:120]}", start) from None
    return Document(text, value, scanner.values, scanner.keys, decode)


def lines(text: str) -> Iterator[Span]:
    """The spans of the lines that hold something."""
    for found in re.finditer(r"\S[^\n]*", text):
        yield found.span()


def decode(text: str, start: int, end: int) -> Embedded:
    """The string token at [start, end) without quotes and escapes."""
    pattern = _patterns()[3]

    def pieces(text: str, at: int, end: int) -> tuple[int, int, str] | None:
        found = pattern.search(text, at, end)
        if found is None:
            return None
        raw = found.group()
        value = _ESCAPES.get(raw[1], raw[1])
        if raw[1] == "u" and len(raw) > 2:
            try:
                value = str(json.loads(f'"{raw}"'))
            except ValueError:
                value = raw
        return found.start(), found.end(), value

    return unescaped(text, start + 1, end - 1, pieces)


class _Scanner:
    """Walks one document and notes the spans of keys and values."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.at = start
        self.end = end
        self.values: dict[Path, Span] = {}
        self.keys: dict[Path, Span] = {}
        self.space, self.string, self.scalar, _ = _patterns()

    def skip(self) -> None:
        """Past white space."""
        found = self.space.match(self.text, self.at, self.end)
        self.at = found.end() if found else self.at

    def value(self, path: Path, depth: int) -> None:
        """Past one value, whose span is noted."""
        if depth > MAX_DEPTH:
            raise DocumentError(f"not JSON: nested deeper than {MAX_DEPTH} levels", self.at)
        start = self.at
        char = self.text[start : start + 1] if start < self.end else ""
        if char == "{" or char == "[":
            self.collection(path, depth, "}" if char == "{" else "]")
        else:
            found = (self.string if char == '"' else self.scalar).match(self.text, start, self.end)
            if found is None:
                what = "an unterminated string" if char == '"' else "expected a value"
                raise DocumentError(f"not JSON: {what}", start)
            self.at = found.end()
        if len(self.values) >= MAX_VALUES:
            raise DocumentError(f"more than {MAX_VALUES} values", start)
        self.values[path] = (start, self.at)

    def collection(self, path: Path, depth: int, close: str) -> None:
        """Past an object or an array."""
        self.at += 1
        index = 0
        self.skip()
        while self.text[self.at : self.at + 1] != close or self.at >= self.end:
            step: str | int = index
            if close == "}":
                found = self.string.match(self.text, self.at, self.end)
                if found is None:
                    raise DocumentError("not JSON: expected a key in double quotes", self.at)
                step = found.group()[1:-1]
                if "\\" in step and len(step) < 1000:
                    step = decode(self.text, *found.span()).text
                self.keys[(*path, step)] = found.span()
                self.at = found.end()
                self.skip()
                if self.text[self.at : self.at + 1] != ":":
                    raise DocumentError("not JSON: expected ':'", self.at)
                self.at += 1
                self.skip()
            self.value((*path, step), depth + 1)
            index += 1
            self.skip()
            if self.text[self.at : self.at + 1] == ",":
                self.at += 1
                self.skip()
            elif self.text[self.at : self.at + 1] != close:
                raise DocumentError(f"not JSON: expected ',' or {close!r}", self.at)
        self.at += 1
