"""Which fields an event has: canonical fields of an event class, columns of a Kusto table.

`full` schemas are documented ones; `seen` ones hold what public rules use with the class, so that a field they lack is
unusual, not wrong. Both are in canonical names without parts. Made by `tools/build_schemas.py`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from linter.taxonomy import tables

_PARTS = frozenset((
    "name", "path", "ext", "dir", "domain", "sid", "id", "md5", "sha1", "sha256", "sha512", "imphash", "count", "length",
    "hive", "upn",
))  # fmt: skip


class Schema(NamedTuple):
    """The fields of a class; `documented` is false when they are only those that rules use."""

    fields: frozenset[str]
    documented: bool


@lru_cache(maxsize=16384)
def base(canonical: str) -> str:
    """A canonical field without its part: `Image.name` is a part of `Image`; `userIdentity.type` is itself."""
    head, dot, part = canonical.rpartition(".")
    return head if dot and part in _PARTS and head[:1].isupper() else canonical


@lru_cache(maxsize=512)
def schema(cls: str) -> Schema | None:
    """The fields of an event class; None when nothing is known of it."""
    found = tables.line("schemas.tsv", cls)
    if not found:
        return None
    _, kind, fields = found.split("\t")
    return Schema(frozenset(fields.split()), kind == "full")


@lru_cache(maxsize=512)
def columns(table: str) -> frozenset[str] | None:
    """The columns of a Kusto table (its name as spelled there); None when they are not known."""
    found = tables.line("columns.tsv", table)
    return frozenset(found.split("\t")[1].split()) if found else None


def has(cls: str, canonical: str) -> bool | None:
    """Whether an event class has a canonical field; None when its schema is not documented and no rule uses the field."""
    found = schema(cls)
    if found is None:
        return None
    if base(canonical) in found.fields:
        return True
    return False if found.documented else None


def near(field: str, among: frozenset[str]) -> str:
    """The name among these that differs from a field in case, or in at most two letters; "" when there is none."""
    from difflib import get_close_matches

    low = field.lower()
    by_low = {name.lower(): name for name in among}
    if low in by_low:
        return by_low[low] if by_low[low] != field else ""
    close = get_close_matches(low, by_low, 1, 0.86) if len(low) > 3 else []
    return by_low[close[0]] if close else ""


@lru_cache(maxsize=1)
def windows_fields() -> frozenset[str]:
    """Every raw field name of a Windows event, lower case: documented, in SecurityEvent, or used by Sigma rules."""
    names: set[str] = set()
    for line in tables.lines("schemas.tsv"):
        cells = line.split("\t")
        if cells[1] == "raw" or (cells[1] == "full" and "windows" in cells[0]):
            names.update(name.lower() for name in cells[2].split())
    return frozenset(names | {name.lower() for name in columns("SecurityEvent") or ()})
