"""How messages name a comparison: `Image ending in \\x.exe`, in the rule's own words."""

from __future__ import annotations

from linter.rule import Predicate

_OPS = {
    "eq": "=", "contains": "containing", "startswith": "starting with", "endswith": "ending in", "like": "like",
    "re": "matching", "cidr": "in", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "token": "with the word",
    "keyword": "the keyword",
}  # fmt: skip
MAX = 80  # code points of a value


def said(predicate: Predicate) -> str:
    """A comparison in words, its value in backticks and cut where it is long."""
    field = predicate.field if len(predicate.field) <= MAX else predicate.field[: MAX - 1] + "…"
    if predicate.op in ("null", "exists"):
        return f"{field} {'absent' if predicate.op == 'null' else 'present'}"
    return f"{field} {_OPS.get(predicate.op, predicate.op)} {quoted(predicate.value)}".lstrip()


def quoted(value: str) -> str:
    """A value in backticks, in one line, cut where it is long."""
    flat = " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    return f"`{flat if len(flat) <= MAX else flat[: MAX - 1] + '…'}`"
