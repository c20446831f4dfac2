"""texts.tsv: the short texts that a good part of a field's values hold. What `broad-value` asks of every short text.

field    values    texts
CommandLine    14677    a 11834 ab 934 abl 160 …

Values are those that rules look for or exclude in the field, regexes aside; texts are lower-case letters, each with the number
of values that hold it.
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
IN_TABLE = re.compile(f"[a-z]{{1,{LONGEST}}}")
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
        runs = _LETTERS.findall(value)
        held.update(
            {run[at : at + size] for run in runs for size in range(1, LONGEST + 1) for at in range(len(run) - size + 1)}
        )
    texts = " ".join(f"{text} {found}" for text, found in sorted(held.items()) if often(found, len(values)))
    return f"{layout.escape(field)}\t{len(values)}\t{texts}" if texts else ""


def read(line: str) -> dict[str, tuple[int, int]]:
    """A row as text → (values that hold it, values)."""
    _, total, texts = line.split("\t")
    words = texts.split(" ")
    return {text: (int(found), int(total)) for text, found in zip(words[::2], words[1::2], strict=True)}
