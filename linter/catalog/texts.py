"""texts.tsv: the short texts that a good part of a field's values hold. What `broad-value` asks of every short text.

field    values    texts
CommandLine    14677    _a 462 _a_ 25 a 5574 ab 375 abl 194 …

Values are those that rules look for or exclude in the field, regexes aside; texts are lower-case letters, perhaps with a blank
(`_`) before or behind them, each with the number of values that hold it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from linter.catalog import layout

LONGEST = 3  # letters of a text
MANY = 500  # values that have to be known for the field
LEAST = 20  # values that hold a text
SHARE = 100  # of so many values one holds it
IN_TABLE = re.compile(f" ?[a-z]{{1,{LONGEST}}} ?")
_LETTERS = re.compile("[a-z]+")


def often(found: int, total: int) -> bool:
    """Whether a text that so many of a field's values hold is one that ordinary values are full of."""
    return total >= MANY and found >= LEAST and found * SHARE >= total


def row(field: str, values: Sequence[str]) -> str:
    """A field's row, "" where too few values are known. `values`: one for each operator that a value is compared with."""
    if len(values) < MANY:
        return ""
    held: Counter[str] = Counter()
    for value in values:
        held.update(_pieces(value))
    texts = [f"{text.replace(' ', '_')} {found}" for text, found in sorted(held.items()) if often(found, len(values))]
    return f"{layout.escape(field)}\t{len(values)}\t{' '.join(texts)}" if texts else ""


def _pieces(value: str) -> set[str]:
    """The pieces of a value that are `IN_TABLE`."""
    out: set[str] = set()
    for found in _LETTERS.finditer(value):
        run, (start, end) = found.group(), found.span()
        length = len(run)
        out.update(run[at : at + size] for size in range(1, LONGEST + 1) for at in range(length - size + 1))
        before, behind = value[start - 1 : start] == " ", value[end : end + 1] == " "
        sizes = range(1, min(LONGEST, length) + 1)
        if before:
            out.update(" " + run[:size] for size in sizes)
        if behind:
            out.update(run[length - size :] + " " for size in sizes)
        if before and behind and length <= LONGEST:
            out.add(f" {run} ")
    return out


def read(line: str) -> dict[str, tuple[int, int]]:
    """A row as text → (values that hold it, values)."""
    _, total, texts = line.split("\t")
    words = texts.split(" ")
    return {text.replace("_", " "): (int(found), int(total)) for text, found in zip(words[::2], words[1::2], strict=True)}
