"""The pages of techniques, event classes and vendors, and the lists that lead to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from linter.catalog.model import VENDORS, CatalogRule, EventRow
from linter.catalog.show import Page
from linter.catalog.tally import tables
from linter.reporters.catalog_pages import NAMES
from linter.site.book import Book, label, shown, tokens
from linter.site.opened import Line, Opener
from linter.site.rows import rows
from linter.taxonomy import attack

FEW = 80  # rules: up to so many, the groups stand open
HEAT = (1, 10, 40, 120, 300)


class RuleGroup(NamedTuple):
    """Rules of a vendor, or of an event class, on a page."""

    id: str
    name: str
    lines: tuple[Line, ...]
    open: bool
    word: str = "rule"
    about: str = ""


class Named(NamedTuple):
    """A technique in a list."""

    id: str
    name: str
    rules: int
    heat: int = 0
    children: tuple[Any, ...] = ()


class EventLine(NamedTuple):
    """A row of the events covered; `href` leads to the page of its class, "" when it has none."""

    provider: str
    id: str
    title: str
    rules: int
    implied: bool
    href: str


class Pages:
    """Makes the pages that are about rules."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.opener = Opener(book)

    def technique(self, name: str) -> str:
        """The page of a technique."""
        book, here = self.book, f"techniques/{name}.html"
        page = Page(book.catalog, name)
        info = page.info if page.info is not None and page.info.id == name else attack.lookup(name)
        children = [self.named(one) for one in self.children(name)]
        parent = attack.lookup(attack.parent(name)) if attack.parent(name) else None
        return book.render(
            "technique.html",
            here,
            name=shown(name, 40),
            title=page.title or (info.name if info else ""),
            parent=parent if parent and parent.id in book.techniques else None,
            tactics=[label(one) for one in info.tactics] if info else [],
            platforms=info.platforms if info else (),
            attack=info.url if info else "",
            via=sum(1 for rule in page.rules if page.via(rule)),
            children=children,
            **self._common(page, here),
        )

    def event_class(self, name: str) -> str:
        """The page of an event class."""
        book, here = self.book, f"classes/{self.book.classes[name]}.html"
        page = Page(book.catalog, name)
        return book.render(
            "class.html", here, name=shown(name, 120), techniques=self._most_tagged(page.rules), **self._common(page, here)
        )

    def vendor(self, vendor: str) -> str:
        """The page of a vendor."""
        book, here = self.book, f"vendors/{vendor}.html"
        rules = sorted((rule for rule in book.rules.values() if rule.vendor == vendor), key=lambda rule: rule.title.lower())
        by_class: dict[str, list[CatalogRule]] = {}
        for rule in rules:
            by_class.setdefault(rule.classes[0] if rule.classes else "", []).append(rule)
        order = sorted(by_class, key=lambda cls: (not cls, -len(by_class[cls]), cls))
        groups = [
            RuleGroup(
                book.classes.get(cls, "none"),
                shown(cls, 80) or "no event class",
                tuple(self.opener.line(rule, here) for rule in by_class[cls]),
                len(rules) <= FEW,
            )
            for cls in order
        ]
        counts = Counter(cls for rule in rules for cls in rule.classes)
        return book.render(
            "vendor.html",
            here,
            name=NAMES[vendor],
            total=len(rules),
            excluding=sum(1 for rule in rules if rule.excluded or rule.lists),
            untagged=sum(1 for rule in rules if not rule.techniques),
            corpora=[one for one in book.sources if one["vendor"] == vendor],
            techniques=self._most_tagged(rules),
            classes=[(shown(cls, 60), book.classes[cls], count) for cls, count in _most(counts, 12)],
            rows=rows(book, here, tables(rules, book.catalog.event_title), rules),
            groups=groups,
            **_choices(rules),
        )

    def _common(self, page: Page, here: str) -> dict[str, Any]:
        groups = [
            RuleGroup(
                vendor,
                NAMES[vendor],
                tuple(self.opener.line(rule, here, page.via(rule)) for rule in page.rules if rule.vendor == vendor),
                len(page.rules) <= FEW,
            )
            for vendor in page.by_vendor()
        ]
        return {
            "total": len(page.rules),
            "families": page.table.families() if page.rules else 0,
            "by_vendor": [(NAMES[vendor], count) for vendor, count in page.by_vendor().items()],
            "events": [self._event(row, here) for row in page.tables.events],
            "rows": rows(self.book, here, page.tables, page.rules),
            "groups": groups,
            **_choices(page.rules),
        }

    def _event(self, row: EventRow, here: str) -> EventLine:
        cls = self.book.event_class(row.provider, row.id)
        href = "" if not cls else f"../classes/{self.book.classes[cls]}.html"
        href = "" if href == f"../{here}" else href
        return EventLine(shown(row.provider, 80), shown(row.id, 80), shown(row.title, 200), row.rules, row.implied, href)

    def _most_tagged(self, rules: Iterable[CatalogRule]) -> list[Named]:
        counts = Counter(one for rule in rules for one in rule.techniques if one in self.book.techniques)
        return [self.named(one)._replace(rules=count) for one, count in _most(counts, 12)]

    def named(self, id: str) -> Named:
        """A technique in a list, with how many rules it has."""
        info = attack.lookup(id)
        count = len(self.book.catalog.technique(id).rules)
        return Named(shown(id, 40), info.name if info else "", count, sum(count >= step for step in HEAT))

    def children(self, id: str) -> tuple[str, ...]:
        """The sub-techniques of a technique: ATT&CK's, and those that rules tag."""
        if "." in id:
            return ()
        return tuple(sorted(one for one in self.book.techniques if one.startswith(f"{id}.")))

    def index(self) -> str:
        """The matrix."""
        book = self.book
        found = {one: self.named(one) for one in book.techniques}
        cells = {
            one: named._replace(children=tuple(found[child] for child in self.children(one)))
            for one, named in found.items()
            if "." not in one
        }
        tactics = []
        strange = [found[one] for one in sorted(book.techniques) if one not in attack.all_ids()]
        current = [one for one in attack.all_ids() if "." not in one]
        for tactic in TACTICS:
            inside = [cells[one] for one in current if tactic in self._tactics(one)]
            inside.sort(key=lambda cell: (-cell.rules, cell.name))
            rules = {handle for cell in inside for handle in book.catalog.technique(cell.id).rules}
            covered = sum(1 for cell in inside if cell.rules)
            tactics.append({"id": tactic, "cells": inside, "rules": len(rules), "covered": covered})
        manifest = book.catalog.manifest
        counts = Counter(rule.vendor for rule in book.rules.values())
        return book.render(
            "index.html",
            "index.html",
            total=book.catalog.total,
            indicators=manifest["indicators"],
            exclusions=manifest["exclusions"],
            by_vendor=[(vendor, NAMES[vendor], counts[vendor]) for vendor in VENDORS if counts[vendor]],
            classes=len(book.classes),
            covered=sum(1 for one in attack.all_ids() if found[one].rules),
            techniques=len(attack.all_ids()),
            tactics=[one for one in tactics if one["cells"]],
            strange=strange,
        )

    @staticmethod
    def _tactics(id: str) -> tuple[str, ...]:
        info = attack.lookup(id)
        return info.tactics if info else ()

    def classes_index(self) -> str:
        """The list of event classes."""
        book = self.book
        groups: dict[str, list[dict[str, Any]]] = {}
        for cls, file in book.classes.items():
            group = label(cls.partition("/")[2] if "/" in cls else cls.partition(":")[0])
            count = len(book.catalog.event_class(cls).rules)
            groups.setdefault(group, []).append(
                {"href": f"{file}.html", "code": True, "name": shown(cls, 120), "about": book.class_title(cls), "number": count}
            )
        ordered = sorted(groups.items(), key=lambda item: (-sum(row["number"] for row in item[1]), item[0]))
        return book.render(
            "list.html",
            "classes/index.html",
            title="Event classes",
            count=len(book.classes),
            lead="What rules read: a category of events on a platform, or a log and the event in it. The number is of rules.",
            groups=[
                {"name": name, "rows": sorted(found, key=lambda row: (-row["number"], row["name"]))} for name, found in ordered
            ],
        )

    def vendors_index(self) -> str:
        """The list of vendors."""
        book = self.book
        counts = Counter(rule.vendor for rule in book.rules.values())
        found = []
        for vendor in VENDORS:
            if counts[vendor]:
                about = "; ".join(
                    f"{one['repository']} of {one['date']}, {one['licence']}" for one in book.sources if one["vendor"] == vendor
                )
                found.append(
                    {"href": f"{vendor}.html", "code": False, "name": NAMES[vendor], "about": about, "number": counts[vendor]}
                )
        return book.render(
            "list.html",
            "vendors/index.html",
            title="Vendors",
            count=len(found),
            lead="Whose rules the catalog holds. The number is of live rules.",
            groups=[{"name": "", "rows": found}],
        )


TACTICS = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation", "stealth",
    "defense-impairment", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
    "exfiltration", "impact",
)  # fmt: skip


def _most(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def _choices(rules: Sequence[CatalogRule]) -> dict[str, list[tuple[str, int]]]:
    """What a reader can filter the rules by, with counts."""
    platforms = Counter(word for rule in rules for word in tokens(*rule.platforms))
    domains = Counter(word for rule in rules for word in tokens(rule.domain))
    return {"filter_platforms": _most(platforms, 60), "filter_domains": _most(domains, 60)}
