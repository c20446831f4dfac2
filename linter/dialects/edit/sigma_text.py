"""A comparison as Sigma spells it: the key with its modifier, the value with its escapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linter.dialects.edit import yaml_layout
from linter.dialects.edit.base import Refused
from linter.rule import pattern_pieces

_MODIFIERS = {
    "eq": "", "like": "", "null": "", "contains": "contains", "startswith": "startswith", "endswith": "endswith", "re": "re",
    "cidr": "cidr", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte", "exists": "exists", "keyword": "",
}  # fmt: skip
_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}")


class Spelled(NamedTuple):
    """`key` is the field with its modifier ("" for a keyword), `value` what YAML is to hold; a `literal` takes no quotes.

    `more` are further values that have to match too: the key then ends in `|all`.
    """

    key: str
    value: str
    literal: bool
    more: tuple[Spelled, ...] = ()

    def scalar(self, style: str) -> str:
        """The value as YAML, in quotes of a style."""
        return self.value if self.literal else yaml_layout.scalar(self.value, style)


def together(parts: Sequence[tuple[str, str, str]]) -> list[Spelled]:
    """The parts of one exclusion: several on one field and operator become a list under `|all`. Refused: see `spelled`."""
    found: dict[str, list[Spelled]] = {}
    for part in parts:
        one = spelled(*part)
        found.setdefault(one.key, []).append(one)
    out = []
    for key, (first, *more) in found.items():
        if more and ("|" not in key or first.literal):
            raise Refused("two parts of the exclusion are about the same field" if key else "it takes more than one keyword")
        out.append(first._replace(key=f"{key}|all", more=tuple(more)) if more else first)
    if "" in found and len(found) > 1:
        raise Refused("a keyword can't be combined with a field in one filter")
    return out


def spelled(field: str, op: str, value: str) -> Spelled:
    """(field, op, value), op one of `rule.OPS`, in Sigma's spelling. Refused when Sigma has none."""
    modifier = _MODIFIERS.get(op)
    if modifier is None or "|" in field or (not field and op not in ("keyword", "contains", "like")):
        raise Refused(f"Sigma has no way to write `{field or 'a keyword'}` {op}")
    key = f"{field}|{modifier}" if modifier and field else field
    if op == "null":
        return Spelled(key, "null", True)
    if op == "exists":
        return Spelled(key, "true", True)
    if op in ("gt", "gte", "lt", "lte"):
        if not re.fullmatch(r"-?\d{1,18}(?:\.\d+)?", value):
            raise Refused(f"`{value[:40]}` is no number to compare with")
        return Spelled(key, value, True)
    if op == "eq" and _NUMBER.fullmatch(value):
        return Spelled(key, value, True)
    if not value and modifier:
        raise Refused(f"an empty text under `|{modifier}` excludes everything")
    if op in ("re", "cidr"):
        return Spelled(key, value, False)
    signs = pattern_pieces(value) if op == "like" else [(False, char) for char in value]
    return Spelled(key, "".join(_escaped(signs)), False)


def _escaped(signs: list[tuple[bool, str]]) -> Iterator[str]:
    """The pieces of a value, given as signs and whether each is a wildcard, with Sigma's escapes.

    One backslash stands for itself; two, and one before a wildcard or an escape, have to be doubled.
    """
    at = 0
    while at < len(signs):
        wild, char = signs[at]
        if char != "\\":
            yield "\\" + char if char in "*?" and not wild else char
            at += 1
            continue
        run = at
        while run < len(signs) and signs[run][1] == "\\":
            run += 1
        length = run - at
        if length == 1 and (run == len(signs) or signs[run][1] not in "*?"):
            yield "\\"
        else:
            yield "\\\\" * length
        at = run
