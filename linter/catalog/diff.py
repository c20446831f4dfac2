"""`catalog diff`: what a snapshot learned since another, rule by rule and exclusion by exclusion."""

from __future__ import annotations

from collections import Counter
from typing import Any

from linter.catalog.load import Catalog
from linter.catalog.model import CatalogRule
from linter.rule import Indicator

Row = dict[str, Any]


def compare(old: Catalog, new: Catalog) -> Row:
    """The differences as plain data.

    `corpora`: commit and rules before and after; `added`, `removed`: rules; `changed`: rules whose indicators, exclusions,
    techniques or classes differ, with what came and went; `exclusions`: leaves by how many more (or fewer) rules exclude them.
    """
    before = {rule.key: rule for rule in old.every_rule()}
    after = {rule.key: rule for rule in new.every_rule()}
    changed = [row for key in sorted(before.keys() & after.keys()) if (row := _changed(before[key], after[key]))]
    changed.sort(key=lambda row: (row["vendor"], row["title"]))
    return {
        "version": 1,
        "corpora": _corpora(old, new),
        "added": _all_named([after[key] for key in after.keys() - before.keys()]),
        "removed": _all_named([before[key] for key in before.keys() - after.keys()]),
        "changed": changed,
        "exclusions": _exclusions(before, after),
    }


def _named(rule: CatalogRule) -> Row:
    return {"vendor": rule.vendor, "id": rule.id, "title": rule.title, "url": rule.url}


def _all_named(rules: list[CatalogRule]) -> list[Row]:
    return [_named(rule) for rule in sorted(rules, key=lambda rule: (rule.vendor, rule.title, rule.key))]


def _corpora(old: Catalog, new: Catalog) -> list[Row]:
    rows: dict[str, Row] = {}
    for when, catalog in (("old", old), ("new", new)):
        for snapshot in catalog.snapshots:
            for corpus in snapshot.manifest["corpora"]:
                row = rows.setdefault(corpus["name"], {"name": corpus["name"], "repository": corpus["repository"]})
                row[when] = {"commit": corpus["commit"], "date": corpus["date"], "rules": corpus["rules"]}
    return [rows[name] for name in sorted(rows)]


def _changed(old: CatalogRule, new: CatalogRule) -> Row | None:
    parts: dict[str, tuple[set[Any], set[Any]]] = {
        "indicators": (set(old.indicators), set(new.indicators)),
        "exclusions": ({leaf.indicator for leaf in old.excluded}, {leaf.indicator for leaf in new.excluded}),
        "techniques": (set(old.techniques), set(new.techniques)),
        "classes": (set(old.classes), set(new.classes)),
    }
    row: Row = {}
    for name, (left, right) in parts.items():
        if left != right:
            row[name] = {"added": _texts(right - left), "removed": _texts(left - right)}
    return _named(new) | row if row else None


def _texts(items: set[Any]) -> list[Any]:
    return [one._asdict() if isinstance(one, Indicator) else one for one in sorted(items)]


def _exclusions(before: dict[str, CatalogRule], after: dict[str, CatalogRule]) -> list[Row]:
    counts: list[Counter[Indicator]] = [
        Counter(leaf.indicator for rule in rules.values() for leaf in rule.excluded) for rules in (before, after)
    ]
    both = counts[0].keys() | counts[1].keys()
    moved = [(one, counts[0][one], counts[1][one]) for one in both if counts[0][one] != counts[1][one]]
    moved.sort(key=lambda row: (-abs(row[2] - row[1]), row[0]))
    return [{**one._asdict(), "old": was, "new": is_now} for one, was, is_now in moved]
