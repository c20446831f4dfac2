"""Canonical field names: what a vendor's field means, given what the rule reads.

The tables are `data/fields/<vendor>.tsv`, one row a meaning: vendor, scope, field, canonical, part, mapping, source.
`scope` is `*` or a comma list of scope words (see `scopes`); the first row whose scope the rule has wins, `*` rows come
last. `part` says which part of the canonical field the vendor's field holds and so how its values are read:

    path   a whole path        name   a file name         dir    a folder without the name   ext    an extension
    arg    one argument of a command line                 key    a registry key              value  a registry value's name
    account `DOMAIN\\user`      user   a user name         domain a user's domain             sid    a security identifier
    md5 sha1 sha256 imphash    a hash of that kind

Mappings: exact (the field means that, whatever is read), scoped (it does for this event or table), assumed (the event is
not known, the commonest meaning is taken), native (kept as it is, on purpose).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, get_args

from linter.rule import Event, Mapping
from linter.taxonomy import tables

# Parts that only say how a value is to be read; the canonical name does not carry them.
SILENT_PARTS = frozenset(("arg", "key", "value", "account"))
_MAPPINGS = frozenset(get_args(Mapping))
# Sigma's `taxonomy:` names other vocabularies; these are known here under a vendor's name.
_TAXONOMIES = {
    "ecs": "elastic", "elastic": "elastic", "cim": "splunk", "splunk": "splunk", "udm": "yaral", "secops": "yaral",
    "m365d": "kusto", "xdr": "kusto", "defender": "kusto", "sentinel": "kusto",
}  # fmt: skip

_VARIANTS = (".caseless", ".keyword", ".text", ".wildcard")  # index variants of one Elastic field
# Scope words of the logs whose field names the Sigma taxonomy defines.
_HOSTS = frozenset(("windows", "linux", "macos"))
_SHARED = frozenset((
    "dns/any", "proxy/any", "webserver/any", "firewall/any", "network_connection/any", "network_traffic/any",
    "network_traffic/http", "authentication/any", "process_creation/any", "file_event/any",
))  # fmt: skip
_RAW = frozenset(("splunk", "kusto"))  # vendors whose rules also use the names of the event itself


class Mapped(NamedTuple):
    """What a field means. `known` is false for a field that no table row and no prefix speaks of."""

    canonical: str
    part: str
    mapping: Mapping
    known: bool


class Row(NamedTuple):
    """A row of a field table; `scope` is `*` or comma-separated scope words, `source` says where the meaning is stated."""

    vendor: str
    scope: str
    field: str
    canonical: str
    part: str
    mapping: str
    source: str = ""


_extra: list[Row] = []


def extend(rows: Iterable[Row | tuple[str, ...]]) -> None:
    """Adds rows of the same form, which go before the shipped ones. ValueError for a row that can't be one."""
    made = []
    for row in rows:
        if not 6 <= len(row) <= 7 or not row[2] or not row[3] or row[5] not in _MAPPINGS:
            raise ValueError(f"not a field row (vendor, scope, field, canonical, part, mapping, source): {tuple(row)!r}")
        made.append(Row(*row))
    _extra[:0] = made
    for cached in (_rows, _table, lookup, natives):
        cached.cache_clear()


def use(rows: tuple[Row, ...]) -> None:
    """Makes these the users' rows, in place of those that were. ValueError as `extend`."""
    if rows != tuple(_extra):
        _extra.clear()
        extend(rows)


def parse(text: str) -> list[Row]:
    """The rows of a table in the form of ours (tab-separated, a header line, `#` comments). ValueError with the line number."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line[0] == "#" or line.startswith("vendor\t"):
            continue
        cells = line.split("\t")
        if not 6 <= len(cells) <= 7:
            raise ValueError(f"line {number}: {len(cells)} cells where 7 belong")
        rows.append(Row(*cells))
    return rows


@lru_cache(maxsize=16)
def _rows(vendor: str) -> list[Row]:
    """A vendor's rows: those that users added, then the shipped ones."""
    return [row for row in _extra if row.vendor == vendor] + parse(tables.text(f"fields/{vendor}.tsv"))


@lru_cache(maxsize=16)
def _table(vendor: str) -> tuple[dict[str, list[tuple[frozenset[str], Mapped]]], list[tuple[str, Mapping]]]:
    """A vendor's rows by lower-cased field, and its native prefixes (fields that end in `*`), longest first."""
    rows = _rows(vendor)
    table: dict[str, list[tuple[frozenset[str], Mapped]]] = {}
    prefixes: list[tuple[str, Mapping]] = []
    for row in rows:
        name = row.field.lower()
        mapping: Mapping = row.mapping  # type: ignore[assignment]  # checked by extend and by the tests of the tables
        if name.endswith("*"):
            prefixes.append((name[:-1], mapping))
            continue
        words = frozenset() if row.scope == "*" else frozenset(row.scope.lower().split(","))
        table.setdefault(name, []).append((words, Mapped(row.canonical, row.part, mapping, True)))
    for meanings in table.values():
        meanings.sort(key=lambda meaning: not meaning[0])  # stable: rows without a scope last
    prefixes.sort(key=lambda prefix: -len(prefix[0]))
    return table, prefixes


@lru_cache(maxsize=1024)
def scopes(events: tuple[Event, ...], sources: tuple[str, ...]) -> tuple[str, ...]:
    """The scope words of what a query reads, lower case: each class, its parts, and the sources as written.

    `process_creation/windows` gives itself, `process_creation` and `windows`; `windows:security:4624` itself,
    `windows:security` and `windows`; `DeviceProcessEvents` itself.
    """
    words: dict[str, None] = {}
    for cls in dict.fromkeys(event.cls for event in events):
        words[cls] = None
        if "/" in cls:
            category, product = cls.split("/", 1)
            words[category] = words[product] = None
        else:
            parts = cls.split(":")
            words[":".join(parts[:2])] = words[parts[0]] = None
    words.update(dict.fromkeys(source.lower() for source in sources))
    return tuple(words)


@lru_cache(maxsize=8192)
def lookup(vendor: str, field: str, words: tuple[str, ...]) -> Mapped:
    """What a vendor's field means where the rule has these scope words; a field nobody knows keeps its name."""
    if vendor == "sigma":
        vendor = next((_TAXONOMIES.get(word[9:], vendor) for word in words if word.startswith("taxonomy:")), vendor)
    table, prefixes = _table(vendor)
    name = field.lower()
    for wanted, mapped in table.get(name, ()):
        if not wanted or not wanted.isdisjoint(words):
            return mapped
    if vendor == "kusto" and name[-1:] == "1" and name[:-1] in table:  # a column of a join's right side
        return lookup(vendor, field[:-1], ())._replace(mapping="assumed")
    for ending in _VARIANTS:
        if name.endswith(ending) and vendor == "elastic":
            return lookup(vendor, field[: -len(ending)], words)
    for prefix, mapping in prefixes:
        if name.startswith(prefix):
            if mapping == "native":
                return Mapped(field, "", "native", True)
            rest = _raw(field[len(prefix) :], words)  # what follows an exact prefix is the event's own name for the field
            return rest if rest.mapping == "scoped" else rest._replace(mapping=mapping, known=True)
    if vendor == "sigma":  # its names are the canonical ones; those of a product's own log are native
        return Mapped(field, "", "native" if _HOSTS.isdisjoint(words) and _SHARED.isdisjoint(words) else "exact", True)
    if vendor in _RAW and ("windows" in words or not words):
        found = _raw(field, words)
        if found.known:
            return found
    return Mapped(field, "", "native", vendor != "elastic" and not _mapped_elsewhere(words))


def _raw(field: str, words: tuple[str, ...]) -> Mapped:
    """What a field of a Windows event as the system itself calls it means."""
    from linter.taxonomy import schemas

    table, _ = _table("sigma")
    for wanted, mapped in table.get(field.lower(), ()):
        if not wanted or not wanted.isdisjoint(words):
            return mapped
    if field.lower() in schemas.windows_fields():
        return Mapped(field, "", "exact", True)
    return Mapped(field, "", "native", False)


def _mapped_elsewhere(words: tuple[str, ...]) -> bool:
    """Whether the log has canonical names, so that a field without a row is a gap; a product's own log keeps its names."""
    return not words or any(word in _HOSTS or word in _SHARED for word in words)


@lru_cache(maxsize=4096)
def natives(vendor: str, base: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """A vendor's fields for a canonical field (without its part) where a rule has these scope words, scoped names first.

    Sigma's own names are the canonical ones, so that a field without a scoped name is itself.
    """
    table, _ = _table(vendor)
    scoped: list[str] = []
    general: list[str] = []
    for row in _rows(vendor):
        if row.canonical != base or row.field.endswith("*"):
            continue
        meanings = table[row.field.lower()]
        wanted = next((scope for scope, _ in meanings if not scope or not scope.isdisjoint(words)), None)
        if wanted is None or lookup(vendor, row.field, words).canonical != base:
            continue
        (scoped if wanted else general).append(row.field)
    if vendor == "sigma" and not scoped:
        general.insert(0, base)
    return tuple(dict.fromkeys((*scoped, *general)))
