"""Regexes that are plain text in disguise: `(?i)^.*\\\\net1?\\.exe$` is `endswith \\net.exe` or `\\net1.exe`.

An own scan, linear in the pattern; nothing is compiled or run. Anything that is more than text, alternatives, optional
characters, single-character classes and leading or trailing `.*` is left alone.
"""

from __future__ import annotations

from functools import lru_cache

from linter.taxonomy import words

MAX_PATTERN = 600  # code points; longer patterns stay regexes
MAX_TEXTS = 32  # alternatives a pattern may stand for
_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_SEPARATORS = ("\\/", "/\\")
# The start of the value or a separator before a name: a separator, as other vendors write it.
_EDGES = ("(^|\\\\)", "(\\\\|^)", "(?:^|\\\\)", "(^|[\\\\/])", "(?:^|[\\\\/])", "(^|/)", "(?:^|/)")


class _Fancy(Exception):
    """The pattern is more than text."""


@lru_cache(maxsize=8192)
def plain(pattern: str) -> tuple[tuple[str, str], ...]:
    """The (op, text) pairs a regex search stands for: eq, startswith, endswith, contains; () when it is more than that.

    Of alternatives at the top (`a\\.exe|b.+c`) those that are more than text stay as (re, alternative).
    """
    if not pattern or len(pattern) > MAX_PATTERN:
        return ()
    text = _unflagged(pattern)
    parts = _top(text)
    out: dict[tuple[str, str], None] = {}
    fancy = 0
    for part in parts:
        texts = _one(part)
        if texts:
            out.update(dict.fromkeys(texts))
        else:
            fancy += 1
            out["re", part] = None
    return () if fancy == len(parts) else tuple(out)


def _unflagged(text: str) -> str:
    """A pattern without `(?i)` in front."""
    if text.startswith("(?") and ")" in text[:8] and text[2 : text.index(")")].isalpha():
        return text[text.index(")") + 1 :]
    return text


def _top(text: str) -> list[str]:
    """The alternatives at the top of a pattern; the pattern itself where brackets don't match."""
    parts, depth, start, at, inside = [], 0, 0, 0, False
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "|" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return parts if depth == 0 and not inside and len(parts) <= MAX_TEXTS and all(parts) else [text]


def _one(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of one alternative."""
    start = end = False
    for edge in _EDGES:
        if text.startswith(edge):
            text = "\\\\" + text[len(edge) :]
            break
    if text.startswith("^"):
        start, text = True, text[1:]
    for lead in (".*?", ".*", ".+"):
        if text.startswith(lead):
            start, text = False, text[len(lead) :]
            break
    if text.endswith("$") and not _escaped(text, len(text) - 1):
        end, text = True, text[:-1]
    for tail in (".*?", ".*", ".+"):
        if text.endswith(tail) and not _escaped(text, len(text) - len(tail)):
            end, text = False, text[: -len(tail)]
            break
    try:
        texts, at = _alternatives(text, 0, 0)
    except _Fancy:
        return ()
    if at != len(text) or not all(texts):
        return ()
    op = "eq" if start and end else "startswith" if start else "endswith" if end else "contains"
    return tuple((op, one) for one in dict.fromkeys(texts))


def _escaped(text: str, at: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    count = 0
    while at > count and text[at - 1 - count] == "\\":
        count += 1
    return count % 2 == 1


def _alternatives(text: str, at: int, depth: int) -> tuple[list[str], int]:
    """The texts of `a|b|c` from a place on, and where it ends (a closing bracket or the end)."""
    out, at = _sequence(text, at, depth)
    while text[at : at + 1] == "|":
        more, at = _sequence(text, at + 1, depth)
        out += more
        if len(out) > MAX_TEXTS:
            raise _Fancy
    return out, at


def _sequence(text: str, at: int, depth: int) -> tuple[list[str], int]:
    """The texts of one alternative, and where it ends."""
    out = [""]
    while at < len(text) and text[at] not in "|)":
        item, at = _item(text, at, depth)
        follower = text[at : at + 1]
        if follower == "?":
            item, at = [*item, ""], at + 1
        elif follower and follower in "*+{":
            raise _Fancy
        if len(out) * len(item) > MAX_TEXTS:
            raise _Fancy
        out = [left + right for left in out for right in item]
    return out, at


def _item(text: str, at: int, depth: int) -> tuple[list[str], int]:
    """The texts of one character, class or group, and where it ends."""
    char = text[at]
    if char == "\\":
        follower = text[at + 1 : at + 2]
        if not follower or follower.isalnum():
            raise _Fancy
        return [follower], at + 2
    if char == "(":
        if depth > 8:
            raise _Fancy
        at += 1
        if text[at : at + 1] == "?":
            if text[at + 1 : at + 2] != ":":
                raise _Fancy
            at += 2
        inner, at = _alternatives(text, at, depth + 1)
        if text[at : at + 1] != ")":
            raise _Fancy
        return inner, at + 1
    if char == "[":
        close = text.find("]", at + 2)
        inside = text[at + 1 : close] if close > 0 else ""
        inside = inside.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
        if inside in _SEPARATORS:
            return ["\\"], close + 1
        if len(inside) == 1 and inside != "^":
            return [inside], close + 1
        if len(inside) == 2 and inside[0] != "^" and inside[0].lower() == inside[1].lower():
            return [inside[0].lower()], close + 1
        raise _Fancy
    if char == "." and _extension(text, at + 1):
        return ["."], at + 1
    if char in _SPECIAL:
        raise _Fancy
    return [char], at + 1


def _extension(text: str, at: int) -> bool:
    """Whether the rest of a program's file name stands here, so that the unescaped dot before it means a dot."""
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] in "._-"):
        end += 1
    name = text[at:end].rpartition(".")[2]
    return bool(name) and text[end - len(name) - 1] in ".\\" and name.lower() in words.PROGRAM_EXTENSIONS
