"""ATT&CK techniques: ids normalised to the current version, names, tactics, platforms, parents, what was revoked or moved.

Names and tactics are v19's, platforms v18.1's (v19 lists none here); `data/attack.tsv` is made by
`tools/build_attack_table.py`. © The MITRE Corporation. This work is reproduced and distributed with the permission of The
MITRE Corporation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from linter.rule import Technique
from linter.taxonomy import tables

VERSION = "19"
_TABLE = "attack.tsv"  # id, name, tactics, platforms, flags (r revoked, d deprecated, m moved), successor
_URL = "https://attack.mitre.org/techniques/"


class TechniqueInfo(NamedTuple):
    """A technique. `moved`: its id is not in the current version; `successor` is the id that took its place, or ""."""

    id: str
    name: str
    tactics: tuple[str, ...]
    platforms: tuple[str, ...]
    parent: str
    url: str
    revoked: bool
    deprecated: bool
    successor: str
    moved: bool


@lru_cache(maxsize=1024)
def lookup(id_: str) -> TechniqueInfo | None:
    """What is known of an id (any case); None for an id that ATT&CK never had."""
    id_ = id_.upper()
    found = tables.line(_TABLE, id_) if id_.startswith("T") else ""
    if not found:
        return None
    cells = found.split("\t")
    return TechniqueInfo(
        id=id_, name=cells[1], tactics=_list(cells[2]), platforms=_list(cells[3]), parent=parent(id_),
        url=_URL + id_.replace(".", "/") + "/", revoked="r" in cells[4], deprecated="d" in cells[4], successor=cells[5],
        moved="m" in cells[4],
    )  # fmt: skip


def _list(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(",")) if cell else ()


def parent(id_: str) -> str:
    """The id of a sub-technique's technique; "" for a technique."""
    return id_.partition(".")[0] if "." in id_ else ""


def children(id_: str) -> tuple[str, ...]:
    """The ids of a technique's current sub-techniques, in order."""
    return _children().get(id_.upper(), ())


@lru_cache(maxsize=1)
def _children() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for id_ in all_ids():
        if "." in id_:
            found[parent(id_)] = (*found.get(parent(id_), ()), id_)
    return found


def all_ids() -> tuple[str, ...]:
    """Every current technique's id, in order."""
    rows = (line.split("\t") for line in tables.lines(_TABLE))
    return tuple(cells[0] for cells in rows if not cells[4])


@lru_cache(maxsize=1024)
def current(id_: str) -> str:
    """The id that stands for this one now: its successor's if it was revoked or moved and one is known, else itself."""
    id_ = id_.upper()
    for _ in range(5):  # a successor may have moved itself
        info = lookup(id_)
        if info is None or not info.successor:
            break
        id_ = info.successor
    return id_


def technique(original: str, start: int, end: int) -> Technique:
    """A technique as tagged (`t1021.002`, any case), its id normalised to the current version (else kept, upper case)."""
    return Technique(current(original.strip()), original, start, end)
