"""What a person skimming an exclusion sees in it: the kind of field, and the kind of benign thing, both in few and blunt kinds.

The ranker spreads its suggestions over these kinds. They are those in which history was measured (shared/research,
filter-prediction: field kind × benign kind); findings name the finer classes of `classes`. A value is judged by the plainest
word in it, whatever field it stands in; one that holds none has no kind.
"""

from __future__ import annotations

import re
from functools import lru_cache

from linter.taxonomy import tables
from linter.taxonomy.classes import field_kind

Kind = tuple[str, str]  # kind of field, kind of benign thing

_MERGED = {
    "target": "image", "module": "image", "service": "file", "pipe": "other", "access": "other", "object": "other",
    "hash": "other", "event": "other",
}  # fmt: skip
_EMPTY = frozenset(("", "-", "n/a", "?"))
_LOCAL = ("10.", "127.", "192.168.", "169.254.", "::1", "fe80", "fc00", "fd", "0:0:0", "localhost", "224.")
_LOCAL_RANGE = re.compile(r"172\.(?:1[6-9]|2\d|3[01])\.")
_SYSTEM_ROOT = ("system32\\", "\\systemroot\\", "%systemroot%", "%%systemroot%%")  # as kernel and service records spell paths
_WHOLE = {"snap": "container", "snapd": "container", "git": "developer", "apt": "installer", "system": "system_account"}


@lru_cache(maxsize=2048)
def place(name: str, canonical: str) -> str:
    """The kind of a field by its native name, or by its canonical one where the native name says nothing."""
    kind = field_kind(name)
    if kind == "other":
        kind = field_kind(canonical)
    return _MERGED.get(kind, kind)


@lru_cache(maxsize=8192)
def thing(where: str, op: str, value: str) -> str:
    """The kind of benign thing that a value (lower case) names on a kind of field; "" for none."""
    value = value.strip()
    if op == "null" or value in _EMPTY or value.startswith(("unknown", "<unknown", "\\<unknown")):
        return "empty_value"
    if where == "network" and (value.startswith(_LOCAL) or _LOCAL_RANGE.match(value)):
        return "local_network"
    if where == "user" and (value in ("root", "0") or value.startswith("system")):
        return "system_account"
    if value.startswith(_SYSTEM_ROOT):
        return "system_root"
    if value in _WHOLE:
        return _WHOLE[value]
    found = next((kind for kind, words in _words() if words.search(value)), "")
    return found or ("system_account" if value.endswith("$") else "")


def plain(name: str, canonical: str, op: str, value: str) -> Kind | None:
    """(kind of field, kind of thing) of an exclusion; None where the value holds no plain word."""
    where = place(name, canonical)
    what = thing(where, op, value.lower())
    return (where, what) if what else None


@lru_cache(maxsize=1)
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found: dict[str, list[str]] = {}
    for line in tables.lines("plain.tsv"):
        kind, _, words = line.partition("\t")
        found.setdefault(kind, []).extend(words.split("|"))
    return tuple((kind, re.compile("|".join(map(re.escape, words)))) for kind, words in found.items())
