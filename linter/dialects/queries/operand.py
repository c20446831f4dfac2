"""What a comparison compares, in languages whose operands are expressions (EQL, ES|QL)."""

from __future__ import annotations

from typing import NamedTuple


class Value(NamedTuple):
    """An operand: kind is field, string, number, bool, null or computed; `text` is its name or unescaped value.

    A computed one's text is as written; `cased` is False for a field read through TO_LOWER and its like.
    """

    kind: str
    text: str
    start: int
    end: int
    cased: bool = True
