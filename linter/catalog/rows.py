"""A rule's line in the snapshot: CatalogRule ↔ one line of JSON.

    handle, id, title, path, author, date, status, level, kind, platforms, domain, techniques
    events   {event class: ["provider id", …]}, ` *` behind an implied one
    has      {"field op": [values]}: the indicators; `assumed` lists the fields whose mapping is a guess
    implies  {"field op": [values]}: indicators that those imply
    not      {"kind class": {"field op": [values]}}: the excluded leaves, counted from 0 in this order
    clauses  the exclusions of several leaves: lists of factors, each a list of leaf numbers of which any one holds;
             a leaf in none of them stands alone, and so does one in `also`
    lists, related
Empty entries are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import repeat
from typing import Any

from linter.catalog.model import LETTERS, CatalogRule, Excluded
from linter.rule import Indicator

_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*")
BARE_ID = re.compile(r"[A-Za-z0-9_.:-]+")  # an id that stands in a line as it is, behind its handle


def dump(rule: CatalogRule) -> str:
    """The line of a rule, without its end."""
    row: dict[str, Any] = {"handle": rule.handle}
    for name in ("id", "title", "path", "author", "date", "status", "level", "domain"):
        row[name] = getattr(rule, name)
    row["kind"] = "" if rule.kind == "rule" else rule.kind
    row["platforms"] = list(rule.platforms)
    row["techniques"] = list(rule.techniques)
    events: dict[str, list[str]] = {cls: [] for cls in rule.classes}
    for cls, provider, id, implied in rule.events:
        if provider or id:
            events.setdefault(cls, []).append(f"{provider} {id} *" if implied else f"{provider} {id}")
    row["events"] = events
    row["has"] = _grouped(one for one in rule.indicators if one not in rule.secondary)
    row["implies"] = _grouped(one for one in rule.indicators if one in rule.secondary)
    row["assumed"] = sorted({indicator.field for indicator in rule.assumed})
    leaves: dict[str, list[Indicator]] = {}
    for leaf in rule.excluded:
        leaves.setdefault(f"{leaf.kind} {leaf.cls}", []).append(leaf.indicator)
    row["not"] = {group: _grouped(items) for group, items in leaves.items()}
    row["clauses"] = [[list(factor) for factor in clause] for clause in rule.clauses]
    joint = {index for clause in rule.clauses for factor in clause for index in factor}
    row["also"] = [index for index, leaf in enumerate(rule.excluded) if leaf.alone and index in joint]
    row["lists"] = list(rule.lists)
    row["related"] = list(rule.related)
    return json.dumps({key: value for key, value in row.items() if value}, ensure_ascii=False, separators=(",", ":"))


def _grouped(indicators: Iterable[Indicator]) -> dict[str, list[str]]:
    """Indicators by `field op`, in the order given."""
    groups: dict[str, list[str]] = {}
    for field, op, value in indicators:
        groups.setdefault(f"{field} {op}", []).append(value)
    return groups


def _indicators(groups: dict[str, list[str]]) -> list[Indicator]:
    """What `_grouped` made."""
    out: list[Indicator] = []
    for name, values in groups.items():
        field, _, op = name.rpartition(" ")
        out += map(Indicator._make, zip(repeat(field), repeat(op), values, strict=False))
    return out


def _quoted(path: str) -> str:
    """A path as it stands in an address."""
    if _PLAIN.fullmatch(path):
        return path
    from urllib.parse import quote

    return quote(path)


def load(line: bytes, base: str, family: str, prefix: str = "", layer: str = "") -> CatalogRule:
    """The rule of a line. `base` is the address below which its vendor's files lie, or ""."""
    row = json.loads(line)
    get = row.get
    indicators = _indicators(get("has", {}))
    secondary = _indicators(get("implies", {}))
    indicators += secondary
    unsure = frozenset(get("assumed", ()))
    clauses = tuple([tuple(map(tuple, clause)) for clause in get("clauses", ())])
    joint = {index for clause in clauses for factor in clause for index in factor}.difference(get("also", ()))
    excluded: list[Excluded] = []
    for group, named in get("not", {}).items():
        kind, _, cls = group.partition(" ")
        for indicator in _indicators(named):
            excluded.append(Excluded(indicator, kind, cls, len(excluded) not in joint))
    events = []
    for cls, names in get("events", {}).items():
        for name in names:
            implied = name.endswith(" *")
            provider, _, id = (name[:-2] if implied else name).rpartition(" ")
            events.append((cls, provider, id, implied))
    handle, path = row["handle"], get("path", "")
    return CatalogRule(
        handle=prefix + handle, vendor=LETTERS[handle[0]], id=get("id", ""), title=get("title", ""), path=path,
        url=base + _quoted(path) if base else "", layer=layer, author=get("author", ""), date=get("date", ""),
        status=get("status", ""), level=get("level", ""), kind=get("kind", "rule"), platforms=tuple(get("platforms", ())),
        domain=get("domain", ""), techniques=tuple(get("techniques", ())), classes=tuple(get("events", ())),
        events=tuple(events), indicators=tuple(indicators),
        assumed=frozenset(one for one in indicators if one.field in unsure) if unsure else frozenset(),
        secondary=frozenset(secondary), excluded=tuple(excluded), clauses=clauses,
        lists=tuple(get("lists", ())), related=tuple(get("related", ())),
        family=family,
    )  # fmt: skip
