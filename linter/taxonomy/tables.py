"""The data files of the taxonomy, read once each. Plain `os.path`: importing pathlib costs more than reading a table."""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache

FEW = 16  # look-ups in a file that take about as long as sorting its lines by their keys
_asked: Counter[str] = Counter()
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")  # noqa: PTH100, PTH118, PTH120


@lru_cache(maxsize=32)
def text(name: str) -> str:
    """The text of a data file (`attack.tsv`, `fields/elastic.tsv`), a line end before its first line; "" if there is none."""
    path = os.path.join(_FOLDER, *name.split("/"))  # noqa: PTH118
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return "\n" + file.read()
    except FileNotFoundError:
        return ""


def lines(name: str) -> list[str]:
    """The lines of a data file without comments and empty ones."""
    return [line for line in text(name).split("\n") if line and line[0] != "#"]


def line(name: str, key: str) -> str:
    """The line of a data file whose first cells are the key; "" when there is none.

    The first few are searched for; when many are asked of a file, its lines are sorted by their keys.
    """
    if "\n" in key:
        return ""
    _asked[name] += 1
    if _asked[name] > FEW:
        return _by_key(name, key.count("\t") + 1).get(key, "")
    whole = text(name)
    at = whole.find(f"\n{key}\t")
    return whole[at + 1 : whole.index("\n", at + 1)] if at >= 0 else ""


@lru_cache(maxsize=32)
def _by_key(name: str, cells: int) -> dict[str, str]:
    """The lines of a data file by so many first cells; of several with the same ones the first."""
    found: dict[str, str] = {}
    for one in text(name).split("\n"):
        parts = one.split("\t", cells)
        if len(parts) > cells:
            found.setdefault("\t".join(parts[:cells]), one)
    return found
