"""Sigma's values and modifiers → Terms: wildcards, backslash escapes, lists, null, numbers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from linter.dialects.queries import core
from linter.dialects.yamldoc import Scalar
from linter.rule import Term

COMPARE = frozenset(("gt", "gte", "lt", "lte"))
FLAGS = frozenset(("i", "ignorecase", "m", "multiline", "s", "dotall"))
PARTS = frozenset(("minute", "hour", "day", "week", "month", "year"))  # of a time stamp: a computed value
ENCODINGS = frozenset(("base64", "base64offset", "wide", "utf16", "utf16le", "utf16be", "windash"))
SHAPES = frozenset(("contains", "startswith", "endswith"))
OTHERS = frozenset(("all", "neq", "re", "cidr", "cased", "exists", "expand", "fieldref"))
KNOWN = COMPARE | FLAGS | PARTS | ENCODINGS | SHAPES | OTHERS
_OPS = {(False, False): "eq", (True, False): "endswith", (False, True): "startswith", (True, True): "contains"}
_SPECIAL = re.compile(r"\\([\\*?])|(\*+|\?)")
_new = tuple.__new__  # half the time of Term(…), once for every value of every rule
_PLACEHOLDER = re.compile(r"%[^%\\]+%")


class Modifiers(NamedTuple):
    """What the modifiers of a key say. `native`: as written; `op`: that of a plain value; `unknown`: the first."""

    native: str
    op: str
    before: bool  # a wildcard stands before the value
    behind: bool
    kind: str  # text, re, cidr, exists, fieldref, compare, part
    every: bool  # all values have to match
    negated: bool
    cased: bool
    expand: bool
    textual: bool  # only text can be modified so
    unknown: str
    simple: bool  # a quoted value is text with wildcards, and nothing else is to be said of it


@lru_cache(maxsize=4096)
def modifiers(native: str) -> Modifiers:
    """The meaning of `contains|all` and the like; "" is the plain comparison."""
    names = native.split("|") if native else []
    has = frozenset(names)
    before, behind = not has.isdisjoint(("contains", "endswith")), not has.isdisjoint(("contains", "startswith"))
    kind, op = "text", _OPS[before, behind]
    if "re" in has:
        kind, op = "re", "re"
    elif "cidr" in has:
        kind, op = "cidr", "cidr"
    elif "exists" in has:
        kind, op = "exists", "exists"
    elif "fieldref" in has:
        kind = "fieldref"
    elif compare := has & COMPARE:
        kind, op = "compare", next(iter(compare))
    if has & PARTS:
        kind = "part"
    unknown = next((name for name in names if name not in KNOWN), "")
    return Modifiers(
        native, op, before, behind, kind, "all" in has, "neq" in has,
        "cased" in has or (kind == "re" and has.isdisjoint(("i", "ignorecase"))), "expand" in has,
        bool(has & (SHAPES | ENCODINGS | {"re", "cidr", "cased", "fieldref", "expand"})),
        unknown, kind == "text" and not unknown and "expand" not in has,
    )  # fmt: skip


def term(field: str, mods: Modifiers, scalar: Scalar, start: int, end: int) -> Term:
    """One value of a field ("" for a keyword) as a Term; its text is unescaped, patterns are contains, like and so on."""
    text, op = scalar.text, mods.op
    if mods.simple and scalar.style:
        if "*" in text or "?" in text or "\\\\" in text:
            op, text = pattern(text, mods.before, mods.behind)
        elif not text and (mods.before or mods.behind):
            op = "exists"
        return _new(Term, (field, op if field else "keyword", text, mods.native, mods.cased, start, end, False, False))
    listed = derived = False
    kind = mods.kind
    if not scalar.style and kind != "re":
        value = scalar.value
        if value is None and kind == "text":
            return Term(field, "null", "", mods.native, False, start, end)
        if type(value) is not str:
            text = _written(value, text)
            if kind == "exists":
                return Term(field, "exists" if value is True else "null", "", mods.native, False, start, end)
            if kind == "text" and not mods.before and not mods.behind:
                return Term(field, op if field else "keyword", text, mods.native, mods.cased, start, end)
    if mods.expand and kind == "text" and (found := _PLACEHOLDER.search(text)):
        listed = True
        if found.group() == text:
            return Term(field, "eq" if field else "keyword", text, mods.native, mods.cased, start, end, listed=True)
    if kind == "text":
        if "*" in text or "?" in text or "\\\\" in text:
            op, text = pattern(text, mods.before, mods.behind)
        elif not text and mods.before | mods.behind:
            op = "exists"
        if not field and op != "null":
            op = "keyword"
    elif kind in ("fieldref", "part"):
        derived = True
        if "\\" in text:
            text = text.replace("\\\\", "\\")
    elif kind == "exists":
        op, text = ("null", "") if text.lower() in ("false", "no", "off", "0") else ("exists", "")
    return Term(field, op, text, mods.native, mods.cased, start, end, derived, listed)


def pattern(text: str, before: bool = False, behind: bool = False) -> tuple[str, str]:
    """(op, value) of a text with Sigma's wildcards: `\\*`, `\\?` and `\\\\` stand for the sign, another `\\` for itself."""
    if "\\*" not in text and "\\?" not in text and "\\\\" not in text:
        inner = text.strip("*")
        if inner and "*" not in inner and "?" not in inner:
            return _OPS[before or text[0] == "*", behind or text[-1] == "*"], inner
    pieces: list[tuple[bool, str]] = [(True, "*")] if before else []
    at = 0
    for found in _SPECIAL.finditer(text):
        if found.start() > at:
            pieces.append((False, text[at : found.start()]))
        escaped, wild = found.groups()
        pieces.append((False, escaped) if escaped else (True, wild[0]))
        at = found.end()
    if at < len(text):
        pieces.append((False, text[at:]))
    if behind:
        pieces.append((True, "*"))
    return core.pattern(pieces)


def _written(value: object, text: str) -> str:
    """A number or boolean as text: 0x1F is 31, yes is true; a date or a number too long to print as it is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and len(text) < 1000:
        return text if text.isdigit() and text[0] != "0" else str(value)
    return text


def placeholders(text: str) -> list[str]:
    """The `%names%` in a text, as written."""
    return _PLACEHOLDER.findall(text)
