"""What the search page searches: JavaScript files that it loads when somebody searches, so that it works from a disk too.

    names.js    techniques, event classes, fields, checks     [text, more text, number, address]
    rules.js    [title, vendor, page, handle]
    values.js   what two or more rules look for or exclude    [field, op, value, rules, page, row's id or handle, excluded]
    rare-N.js   what a single rule looks for or excludes, the same
Pages, fields and ops are numbers into lists that come first.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from linter.catalog.model import VENDORS, CatalogRule
from linter.catalog.tally import base
from linter.checks import registry
from linter.reporters.catalog_pages import NAMES, how
from linter.rule import Indicator
from linter.site.book import Book, anchor, shown, token
from linter.taxonomy import attack, tables

RARE = 4  # files of what is rare
VALUE = 160


class _Numbers:
    """Texts as numbers into a list."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


def files(book: Book) -> dict[str, str]:
    """The files by path in the site."""
    page, field, op = _Numbers(), _Numbers(), _Numbers()
    rules = [
        [shown(rule.title or rule.id, 160), VENDORS.index(rule.vendor), page(book.page_of(rule)), anchor(rule.handle)]
        for rule in book.rules.values()
    ]
    common, rare = _values(book, page, field, op)
    parts: dict[str, dict[str, Any]] = {
        "names": {"rows": _names(book)},
        "rules": {"vendors": [NAMES[one] for one in VENDORS], "rows": rules},
    }
    parts["values"] = {"rows": common}
    for number in range(RARE):
        parts[f"rare-{number}"] = {"rows": rare[number::RARE]}
    shared = {"pages": list(page.texts), "fields": [shown(one, 120) for one in field.texts], "ops": list(op.texts)}
    parts["names"] |= shared
    return {f"data/{name}.js": _script(name, data) for name, data in parts.items()}


def part_names() -> str:
    """The files in the order in which they are loaded."""
    return " ".join(("names", "rules", "values", *(f"rare-{number}" for number in range(RARE))))


def _script(name: str, data: dict[str, Any]) -> str:
    """Data as a script: JSON of ASCII characters alone, in which nothing ends a script."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c").replace("],[", "],\n[")
    return f'(window.siftlint=window.siftlint||{{}})["{name}"]={text};\n'


def _names(book: Book) -> list[list[Any]]:
    out: list[list[Any]] = []
    for one in sorted(book.techniques):
        info = attack.lookup(one)
        out.append(
            ["technique", one, info.name if info else "", len(book.catalog.technique(one).rules), f"techniques/{one}.html"]
        )
    for line in tables.lines("attack.tsv"):
        cells = line.split("\t")
        now = attack.current(cells[0])
        if cells[4] and now != cells[0] and now in book.techniques:
            out.append(["technique", cells[0], f"{cells[1]}, now {now}", 0, f"techniques/{now}.html"])
    for cls, file in book.classes.items():
        count = len(book.catalog.event_class(cls).rules)
        out.append(["event", shown(cls, 120), book.class_title(cls), count, f"classes/{file}.html"])
    for check in registry.checks():
        out.append(["check", check.CHECK.id, check.CHECK.summary, 0, f"checks/{check.CHECK.id}.html"])
    fields: Counter[str] = Counter()
    pages: dict[str, Counter[str]] = defaultdict(Counter)
    for rule in book.rules.values():
        for name in {base(one.field) for one in (*rule.indicators, *(leaf.indicator for leaf in rule.excluded))}:
            fields[name] += 1
            pages[name][book.page_of(rule)] += 1
    for name, count in sorted(fields.items()):
        if name:
            best = min(pages[name], key=lambda page: (-pages[name][page], page))
            out.append(["field", shown(name, 120), "", count, f"{best}#fields"])
    return out


def _values(book: Book, page: _Numbers, field: _Numbers, op: _Numbers) -> tuple[list[list[Any]], list[list[Any]]]:
    users: dict[tuple[Indicator, bool], list[CatalogRule]] = defaultdict(list)
    for rule in book.rules.values():
        for one in rule.indicators:
            users[one, False].append(rule)
        for leaf in rule.excluded:
            users[leaf.indicator, True].append(rule)
    common: list[list[Any]] = []
    rare: list[list[Any]] = []
    for (one, excluded), rules in sorted(users.items(), key=lambda item: (-len(item[1]), item[0])):
        if not one.value:
            continue
        pages = Counter(map(book.page_of, rules))
        best = min(pages, key=lambda name: (-pages[name], name))
        where = anchor(rules[0].handle) if len(rules) == 1 else f"{'x' if excluded else 'i'}-{token(*one)}"
        row = [field(one.field), op(how(one.op)), book.written(one, VALUE), len(rules), page(best), where, int(excluded)]
        (common if len(rules) > 1 else rare).append(row)
    return common, rare
