"""The data files of the taxonomy, read once each. Plain `os.path`: importing pathlib costs more than reading a table."""

from __future__ import annotations

import os
from functools import lru_cache

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
    """The line of a data file whose first cells are the key; "" when there is none. No other line is looked at in detail."""
    if "\n" in key:
        return ""
    whole = text(name)
    at = whole.find(f"\n{key}\t")
    return whole[at + 1 : whole.index("\n", at + 1)] if at >= 0 else ""
