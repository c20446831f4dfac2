"""TOML with places: tomllib gives the values, a scanner of ours where they stand.

The scanner bounds depth and length of dotted keys before tomllib, which recurses and copies, sees the text.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

from linter.dialects.document import MAX_DEPTH, Document, DocumentError, Path, Span, unescaped
from linter.source import Embedded, Source

MAX_KEY_PARTS = 30
MAX_ENTRIES = 40_000  # tables, keys and items; a public rule has some 100
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "e": "\x1b"}


class _Patterns:
    """The scanner's patterns, compiled when the first TOML file is read.

    What is repeated possessively in a group must not be taken in vain, not even in part: Python before 3.11.5 loses its place.
    """

    def __init__(self) -> None:
        self.space = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
        self.blank = re.compile(r"[ \t]*+")
        self.key = re.compile(r'[A-Za-z0-9_-]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|\'[^\'\n]*+\'')
        self.string = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|\'\'\'[\s\S]*?\'{3,5}|\'[^\'\n]*+\'')
        self.scalar = re.compile(r"[^\s,\]\}#]++(?: \d\d:[^\s,\]\}#]++)?")
        self.escape = re.compile(r"\\(?:[ \t]*\r?\n[ \t\r\n]*|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])|\r\n")
        self.carriage = re.compile(r"\r\n")


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    return _Patterns()


def load(source: Source) -> Document:
    """The document. DocumentError with the place when it is no TOML, or deeper than any rule."""
    scanner = _Scanner(source.text)
    fault = scanner.run()
    if fault is not None and fault.message.startswith(("nested", "more than")):
        raise fault
    try:
        value = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise _located(source, str(error)) from None
    except RecursionError:
        raise DocumentError("nested too deep", 0) from None
    except ValueError as error:  # an integer of more digits than int() takes
        raise DocumentError(f"not TOML: {str(error)[:120]}", 0) from None
    return Document(source.text, value, scanner.values, scanner.keys, decode)


def _located(source: Source, message: str) -> DocumentError:
    """Tomllib says `why (at line 3, column 7)`."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    why = message[: found.start()] if found else message
    if found is None or found[1] is None:
        end = len(source.text.rstrip())
        return DocumentError(f"not TOML: {why} (at the end of the file)", max(0, end - 1), end)
    starts = source.line_starts
    at = starts[min(int(found[1]), len(starts)) - 1] + int(found[2]) - 1
    return DocumentError(f"not TOML: {why}", min(at, len(source.text)))


def decode(text: str, start: int, end: int) -> Embedded:
    """The string token at [start, end) without quotes and escapes."""
    quote = text[start]
    long = text.startswith(quote * 3, start) and end - start >= 6
    size = 3 if long else 1
    start, end = start + size, end - size
    if long:  # a line end right behind the opening quotes is not part of the value
        start += 2 if text.startswith("\r\n", start) else 1 if text.startswith("\n", start) else 0
    pattern = _patterns().carriage if quote == "'" else _patterns().escape

    def pieces(text: str, at: int, end: int) -> tuple[int, int, str] | None:
        found = pattern.search(text, at, end)
        if found is None:
            return None
        raw = found.group()
        if raw == "\r\n":
            value = "\n"
        elif raw[1] in " \t\r\n":
            value = ""
        elif raw[1] in "uU":
            value = chr(int(raw[2:], 16)) if len(raw) > 2 else raw
        else:
            value = _ESCAPES.get(raw[1], raw)
        return found.start(), found.end(), value

    return unescaped(text, start, end, pieces)


class _Scanner:
    """Walks the text once and notes the spans of keys and values; stops at the first thing that is no TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.values: dict[Path, Span] = {(): (0, len(text))}
        self.keys: dict[Path, Span] = {}
        self.tables: dict[Path, int] = {}  # arrays of tables: the last index
        self.headers = 0
        self.patterns = _patterns()

    def run(self) -> DocumentError | None:
        """Scans all; what stopped it, if anything did (tomllib says it better, unless it is the depth)."""
        try:
            prefix: Path = ()
            while self.skip() < len(self.text):
                if self.text[self.at] == "[":
                    prefix = self.header()
                else:
                    self.pair(prefix, 0)
        except DocumentError as error:
            return error
        return None

    def skip(self) -> int:
        """Past white space, line ends and comments."""
        found = self.patterns.space.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def sign(self, char: str) -> None:
        """Past one sign."""
        self.blank()
        if self.text[self.at : self.at + 1] != char:
            raise DocumentError(f"expected {char!r}", self.at)
        self.at += 1

    def blank(self) -> None:
        """Past blanks on the line."""
        found = self.patterns.blank.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def dotted(self) -> tuple[list[str], Span]:
        """A dotted key and its span."""
        parts: list[str] = []
        self.blank()
        start = self.at
        while True:
            self.blank()
            found = self.patterns.key.match(self.text, self.at)
            if found is None:
                raise DocumentError("expected a key", self.at)
            raw = found.group()
            parts.append(decode(self.text, *found.span()).text if raw[0] in "\"'" and len(raw) < 1000 else raw)
            if len(parts) > MAX_KEY_PARTS:
                raise DocumentError(f"nested deeper than {MAX_KEY_PARTS} keys", start)
            self.at = end = found.end()
            self.blank()
            if self.text[self.at : self.at + 1] != ".":
                return parts, (start, end)
            self.at += 1

    def header(self) -> Path:
        """`[table]` or `[[array of tables]]`: the path of what follows."""
        start = self.at
        several = self.text.startswith("[[", start)
        self.at += 2 if several else 1
        parts, _ = self.dotted()
        self.sign("]")
        if several:
            self.sign("]")
        path: Path = ()
        for index, part in enumerate(parts):
            path = (*path, part)
            last = index == len(parts) - 1
            if last and several:
                self.tables[path] = self.tables.get(path, -1) + 1
                self.keys.setdefault(path, (start, self.at))
            if path in self.tables:
                path = (*path, self.tables[path])
        self.keys.setdefault(path, (start, self.at))
        self.headers += 1
        if self.headers > MAX_ENTRIES:
            raise DocumentError(f"more than {MAX_ENTRIES} tables", start)
        return path

    def pair(self, prefix: Path, depth: int) -> None:
        """`key = value`."""
        parts, span = self.dotted()
        self.sign("=")
        path = (*prefix, *parts)
        for size in range(len(prefix) + 1, len(path) + 1):
            self.keys.setdefault(path[:size], span)
        self.blank()
        self.value(path, depth)

    def value(self, path: Path, depth: int) -> None:
        """Past one value, whose span is noted."""
        if depth > MAX_DEPTH:
            raise DocumentError(f"nested deeper than {MAX_DEPTH} levels", self.at)
        start = self.at
        char = self.text[start : start + 1]
        if char == "[":
            self.array(path, depth)
        elif char == "{":
            self.inline(path, depth)
        elif self.text.startswith('"""', start):
            self.at = self._long(start)
        else:
            pattern = self.patterns.string if char in ("'", '"') else self.patterns.scalar
            found = pattern.match(self.text, start)
            if found is None:
                raise DocumentError("expected a value", start)
            self.at = found.end()
        if len(self.values) >= MAX_ENTRIES:
            raise DocumentError(f"more than {MAX_ENTRIES} values", start)
        self.values.setdefault(path, (start, self.at))

    def _long(self, start: int) -> int:
        """The end of the string in three double quotes that begins here; up to two more before the last three are its own."""
        text = self.text
        at = start + 3
        while (at := text.find('"""', at)) >= 0:
            before = at
            while before > start + 3 and text[before - 1] == "\\":
                before -= 1
            if (at - before) % 2 == 0:
                return at + 3 + min(2, len(text[at + 3 : at + 5]) - len(text[at + 3 : at + 5].lstrip('"')))
            at += 1  # this one is escaped
        raise DocumentError("expected a value", start)

    def array(self, path: Path, depth: int) -> None:
        """Past `[a, b]`."""
        self.at += 1
        index = 0
        while self.skip() < len(self.text) and self.text[self.at] != "]":
            self.value((*path, index), depth + 1)
            index += 1
            self.skip()
            if self.text[self.at : self.at + 1] == ",":
                self.at += 1
            elif self.text[self.at : self.at + 1] != "]":
                raise DocumentError("expected ',' or ']'", self.at)
        self.sign("]")

    def inline(self, path: Path, depth: int) -> None:
        """Past `{a = 1, b = 2}`."""
        self.at += 1
        while self.skip() < len(self.text) and self.text[self.at] != "}":
            self.pair(path, depth + 1)
            self.skip()
            if self.text[self.at : self.at + 1] == ",":
                self.at += 1
            elif self.text[self.at : self.at + 1] != "}":
                raise DocumentError("expected ',' or '}'", self.at)
        self.sign("}")
