"""`catalog show`: all that the catalog knows of a technique or an event class, as the published JSON shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from linter.catalog.load import Catalog
from linter.catalog.model import VENDORS, CatalogRule
from linter.catalog.tables import Table
from linter.catalog.tally import Tables, tables
from linter.rule import Indicator
from linter.taxonomy import attack

_KINDS = ("benign", "list", "delegated", "definitional")
SECTIONS = ("events", "fields", "indicators", "exclusions", "rules")


class Page:
    """A technique's (or an event class's) rules and tables. `known` is false when there is nothing of the name anywhere."""

    def __init__(self, catalog: Catalog, name: str) -> None:
        self.catalog = catalog
        cls = "/" in name or ":" in name
        self.name = name if cls else attack.current(name)
        self.info = None if cls else attack.lookup(self.name)
        self.table: Table = catalog.event_class(name) if cls else catalog.technique(self.name)
        self.rules: list[CatalogRule] = sorted(
            catalog.rules(self.table.rules), key=lambda rule: (VENDORS.index(rule.vendor), rule.title.lower(), rule.handle)
        )
        found = tables(self.rules, catalog.event_title)
        # Benign cases first: they are what a rule could do as well.
        order = {kind: number for number, kind in enumerate(_KINDS)}
        self.tables: Tables = found._replace(exclusions=sorted(found.exclusions, key=lambda row: order[row.kind]))
        self.known = bool(self.rules) or self.info is not None

    @property
    def title(self) -> str:
        """The technique's name, with its parent's before it; "" for an event class."""
        if self.info is None:
            return ""
        parent = attack.lookup(self.info.parent) if self.info.parent else None
        return f"{parent.name}: {self.info.name}" if parent else self.info.name

    def via(self, rule: CatalogRule) -> list[str]:
        """The sub-techniques by which a rule counts here; [] when it tags the technique itself (or for an event class)."""
        if self.info is None or self.name in rule.techniques:
            return []
        return [one for one in rule.techniques if one.startswith(self.name + ".")]

    def by_vendor(self, direct: bool = False) -> dict[str, int]:
        """Rules by vendor, every vendor named that has any; `direct`: only those that tag the technique itself."""
        counts = Counter(rule.vendor for rule in self.rules if not direct or not self.via(rule))
        return {vendor: counts[vendor] for vendor in VENDORS if counts[vendor]}

    def behind(self, value: str) -> list[tuple[str, Indicator, list[CatalogRule]]]:
        """The rows (`indicators` or `exclusions`) with a value, canonical or as written, and the rules behind each."""
        wanted = value.lower()
        found: list[tuple[str, Indicator, list[CatalogRule]]] = []
        for row in self.tables.indicators:
            if self._means(row.indicator, wanted):
                found.append(("indicators", row.indicator, self.catalog.rules(row.rules)))
        for exclusion in self.tables.exclusions:
            if self._means(exclusion.indicator, wanted):
                found.append(("exclusions", exclusion.indicator, self.catalog.rules(exclusion.rules)))
        return found

    @staticmethod
    def _means(indicator: Indicator, wanted: str) -> bool:
        return indicator.value.lower() in (wanted, wanted.lstrip("\\/"))

    def data(self, section: str | None = None, value: str | None = None) -> dict[str, Any]:
        """The published shape; with `section` only that one's key beside the head, with `value` only its rows and rules."""
        head: dict[str, Any] = {
            "version": 1,
            "technique": self.name,
            "name": self.info.name if self.info else "",
            "tactics": list(self.info.tactics) if self.info else [],
            "platforms": list(self.info.platforms) if self.info else [],
            "rules_by_vendor": self.by_vendor(),
            "rules_by_vendor_direct": self.by_vendor(direct=True),
        }
        parts = {
            "events": self._events, "fields": self._fields, "indicators": self._indicators,
            "exclusions": self._exclusions, "rules": self._rules,
        }  # fmt: skip
        if value is not None:
            rows = self.behind(value)
            wanted = {kind: {one for found, one, _ in rows if found == kind} for kind in SECTIONS}
            keys = {rule.handle for _, _, rules in rows for rule in rules}
            head["indicators"] = self._indicators(wanted["indicators"])
            head["exclusions"] = self._exclusions(wanted["exclusions"])
            head["rules"] = self._rules(keys)
            return head
        for name in SECTIONS if section is None else (section,):
            head[name] = parts[name]()
        return head

    def _events(self) -> list[dict[str, Any]]:
        return [row._asdict() for row in self.tables.events]

    def _fields(self) -> list[dict[str, Any]]:
        return [row._asdict() | {"samples": list(row.samples)} for row in self.tables.fields]

    def _indicators(self, only: set[Indicator] | None = None) -> list[dict[str, Any]]:
        out = []
        for row in self.tables.indicators:
            if only is None or row.indicator in only:
                reach = self.catalog.reach(row.indicator)
                out.append(
                    {
                        **row.indicator._asdict(),
                        "rules": len(row.rules),
                        "reach": reach.total,
                        "reach_by_vendor": reach.by_vendor,
                    }
                )
        return out

    def _exclusions(self, only: set[Indicator] | None = None) -> list[dict[str, Any]]:
        return [
            {
                **row.indicator._asdict(), "class": row.cls, "kind": row.kind, "rules": len(row.rules), "alone": len(row.alone),
            }
            for row in self.tables.exclusions
            if only is None or row.indicator in only
        ]  # fmt: skip

    def _rules(self, only: set[str] | None = None) -> list[dict[str, Any]]:
        return [
            {
                "vendor": rule.vendor, "id": rule.id, "title": rule.title, "url": rule.url, "platforms": list(rule.platforms),
                "domain": rule.domain, "via": self.via(rule), "predicates": predicates(rule),
            }
            for rule in self.rules
            if only is None or rule.handle in only
        ]  # fmt: skip


def predicates(rule: CatalogRule) -> list[dict[str, Any]]:
    """A rule's indicators and excluded leaves."""
    positive: Iterable[Indicator] = rule.indicators
    return [{**one._asdict(), "negated": False} for one in positive] + [
        {**leaf.indicator._asdict(), "negated": True} for leaf in rule.excluded
    ]


def info(catalog: Catalog) -> dict[str, Any]:
    """What the catalog is made of: each snapshot's manifest without its list of files, and its size."""
    out = []
    for snapshot in catalog.snapshots:
        known = {key: value for key, value in snapshot.manifest.items() if key != "files"}
        sizes = [(snapshot.path / name).stat().st_size for name in snapshot.files if (snapshot.path / name).is_file()]
        out.append(
            {
                "layer": snapshot.name,
                "path": snapshot.path.as_posix(),
                **known,
                "files": len(snapshot.files),
                "bytes": sum(sizes),
            }
        )
    return {"version": 1, "snapshots": out}
