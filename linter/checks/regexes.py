"""A regex search on a constant, in time linear in pattern × text, for rule text that nobody vouches for.

`search` knows the common subset of all dialects (text, classes, groups, alternatives, repetition, `^ $ \\b`, `(?i)`). What it
does not know (look-around, references back, possessive forms, a pattern or text that is too long) gives None: unknown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MAX_PATTERN = 800  # code points
MAX_TEXT = 1000
MAX_STATES = 600
_CLASSES = {"d": "0123456789", "s": " \t\n\r\f\v", "w": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_WORD = frozenset(_CLASSES["w"])


class _Unknown(Exception):
    """The pattern holds what is not known here."""


class _Set(NamedTuple):
    """The characters of a class."""

    chars: frozenset[str]
    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def has(self, char: str, fold: bool) -> bool:
        forms = (char, char.lower(), char.upper()) if fold else (char,)
        inside = any(one in self.chars or any(low <= one <= high for low, high in self.ranges) for one in forms)
        return inside is not self.negated


_ANY = _Set(frozenset("\n"), (), True)
# Instructions: ("set", set, next) · ("split", [next…]) · ("start" | "end" | "word" | "noword", next) · ("match",)
_Step = tuple[str, object, tuple[int, ...]]


@lru_cache(maxsize=1024)
def _program(pattern: str) -> tuple[tuple[_Step, ...], int, bool] | None:
    """(instructions, first one, whether case is ignored); None for a pattern that is not known."""
    if len(pattern) > MAX_PATTERN:
        return None
    try:
        return _Compiler(pattern).done()
    except _Unknown:
        return None


def search(pattern: str, text: str, ignore_case: bool = False) -> bool | None:
    """Whether a pattern is found in a text; None when that can't be said here."""
    compiled = _program(pattern)
    if compiled is None or len(text) > MAX_TEXT:
        return None
    steps, first, flagged = compiled
    fold = ignore_case or flagged
    now: set[int] = set()
    for at in range(len(text) + 1):
        now.add(first)
        now = _closure(steps, now, text, at)
        if any(steps[one][0] == "match" for one in now):
            return True
        if at < len(text):
            char = text[at]
            following: set[int] = set()
            for one in now:
                kind, wanted, after = steps[one]
                if kind == "set" and isinstance(wanted, _Set) and wanted.has(char, fold):
                    following.update(after)
            now = following
    return False


def _closure(steps: tuple[_Step, ...], start: set[int], text: str, at: int) -> set[int]:
    """The states reached without reading a character."""
    seen = set(start)
    stack = list(start)
    while stack:
        kind, _, after = steps[stack.pop()]
        if kind in ("set", "match") or not _passes(kind, text, at):
            continue
        for one in after:
            if one not in seen:
                seen.add(one)
                stack.append(one)
    return seen


def _passes(kind: str, text: str, at: int) -> bool:
    if kind == "start":
        return at == 0
    if kind == "end":
        return at == len(text)
    if kind in ("word", "noword"):
        edge = (at > 0 and text[at - 1] in _WORD) is not (at < len(text) and text[at] in _WORD)
        return edge is (kind == "word")
    return True


class _Compiler:
    """Thompson's construction; fragments are built from their end backwards: `next` is known when a piece is made."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.fold = False
        self.steps: list[_Step] = []

    def done(self) -> tuple[tuple[_Step, ...], int, bool]:
        if self.text.startswith("(?") and ")" in self.text[:6] and self.text[2 : self.text.index(")")].isalpha():
            flags = self.text[2 : self.text.index(")")]
            if set(flags) - set("i"):
                raise _Unknown
            self.fold, self.at = True, self.text.index(")") + 1
        tree = self.alternatives(0)
        if self.at != len(self.text):
            raise _Unknown
        first = self.build(tree, self.add("match", None, ()))
        return tuple(self.steps), first, self.fold

    def add(self, kind: str, what: object, after: tuple[int, ...]) -> int:
        if len(self.steps) >= MAX_STATES:
            raise _Unknown
        self.steps.append((kind, what, after))
        return len(self.steps) - 1

    # text → nested tuples

    def alternatives(self, depth: int) -> tuple[object, ...]:
        if depth > 40:
            raise _Unknown
        found = [self.sequence(depth)]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            found.append(self.sequence(depth))
        return ("or", *found) if len(found) > 1 else found[0]

    def sequence(self, depth: int) -> tuple[object, ...]:
        out: list[object] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            item = self.item(depth)
            follower = self.text[self.at : self.at + 1]
            if follower and follower in "*+?{":
                least, most = self.count()
                item = ("repeat", item, least, most)
                follower = self.text[self.at : self.at + 1]
                if follower == "?":  # lazy: the same strings match
                    self.at += 1
                elif follower and follower in "*+{":
                    raise _Unknown
            out.append(item)
        return ("and", *out)

    def count(self) -> tuple[int, int | None]:
        char = self.text[self.at]
        self.at += 1
        if char != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        close = self.text.find("}", self.at)
        low, comma, high = self.text[self.at : close].partition(",") if close > 0 else ("", "", "")
        if not low.isdigit() or len(low) > 3 or len(high) > 3 or (high and not high.isdigit()):
            raise _Unknown
        self.at = close + 1
        return int(low), (int(high) if high else None) if comma else int(low)

    def item(self, depth: int) -> tuple[object, ...]:
        char = self.text[self.at]
        self.at += 1
        if char == "(":
            if self.text[self.at : self.at + 1] == "?":
                if self.text[self.at + 1 : self.at + 2] != ":":
                    raise _Unknown
                self.at += 2
            inner = self.alternatives(depth + 1)
            if self.text[self.at : self.at + 1] != ")":
                raise _Unknown
            self.at += 1
            return inner
        if char == "[":
            return ("set", self.char_class())
        if char == "\\":
            return self.escaped()
        if char == ".":
            return ("set", _ANY)
        if char in "^$":
            return ("start",) if char == "^" else ("end",)
        if char in "*+?{}":
            raise _Unknown
        return ("set", _Set(frozenset(char), (), False))

    def escaped(self) -> tuple[object, ...]:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if not char:
            raise _Unknown
        if char in "bB":
            return ("word",) if char == "b" else ("noword",)
        if char.lower() in _CLASSES:
            return ("set", _Set(frozenset(_CLASSES[char.lower()]), (), char.isupper()))
        if char.isalnum():
            if char not in _ESCAPES:
                raise _Unknown
            char = _ESCAPES[char]
        return ("set", _Set(frozenset(char), (), False))

    def char_class(self) -> _Set:
        negated = self.text[self.at : self.at + 1] == "^"
        self.at += negated
        chars: set[str] = set()
        ranges: list[tuple[str, str]] = []
        first = True
        while True:
            char = self.text[self.at : self.at + 1]
            if not char or (char == "[" and self.text[self.at + 1 : self.at + 2] in (":", ".", "=")):
                raise _Unknown
            self.at += 1
            if char == "]" and not first:
                return _Set(frozenset(chars), tuple(ranges), negated)
            first = False
            if char == "\\":
                kind, *rest = self.escaped()
                inner = rest[0] if rest else None
                if kind != "set" or not isinstance(inner, _Set) or inner.negated:
                    raise _Unknown
                chars |= inner.chars
                if len(inner.chars) != 1:
                    continue
                (char,) = inner.chars
            if self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                high = self.text[self.at + 1]
                if high in "\\[" or high < char:
                    raise _Unknown
                self.at += 2
                ranges.append((char, high))
            else:
                chars.add(char)

    # nested tuples → steps

    def build(self, tree: tuple[object, ...], after: int) -> int:
        kind = tree[0]
        if kind == "and":
            for item in reversed(tree[1:]):
                after = self.build(_tree(item), after)
            return after
        if kind == "or":
            return self.add("split", None, tuple(self.build(_tree(item), after) for item in tree[1:]))
        if kind == "repeat":
            _, item, least, most = tree
            inner = _tree(item)
            if most is None:
                loop = self.add("split", None, ())
                self.steps[loop] = ("split", None, (self.build(inner, loop), after))
                after = loop
            else:
                end = after
                for _ in range(_number(most) - _number(least)):
                    after = self.add("split", None, (self.build(inner, after), end))
            for _ in range(_number(least)):
                after = self.build(inner, after)
            return after
        if kind == "set":
            return self.add("set", tree[1], (after,))
        return self.add(str(kind), None, (after,))


def _tree(item: object) -> tuple[object, ...]:
    assert isinstance(item, tuple)
    return item


def _number(item: object) -> int:
    assert isinstance(item, int)
    return item
