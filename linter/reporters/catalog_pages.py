"""The catalog's pages as text for a terminal and as Markdown: a technique or event class, what the catalog is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from linter.catalog.model import NO_CLASS, ExclusionRow, IndicatorRow
from linter.catalog.show import SECTIONS, Page
from linter.reporters.clean import plain
from linter.reporters.markup import code, link
from linter.reporters.markup import text as safe
from linter.rule import Indicator

NAMES = {"sigma": "Sigma", "elastic": "Elastic", "splunk": "Splunk", "kusto": "Kusto", "yaral": "YARA-L"}
_TOP = {"events": 40, "fields": 15, "indicators": 30, "exclusions": 40, "rules": 60}  # rows shown where no section is asked for
_HOW = {
    "eq": "is", "contains": "contains", "startswith": "starts with", "endswith": "ends with", "like": "like", "re": "matches",
    "cidr": "in network", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "exists": "exists", "null": "is empty",
    "token": "has word", "keyword": "says",
}  # fmt: skip
_KINDS = (
    ("benign", "Benign cases that rules leave out, by class"),
    ("list", "The organisation's own lists"),
    ("delegated", "Left to another rule"),
    ("definitional", "The negation is the detection"),
)


def how(op: str) -> str:
    """An operator in words."""
    negated, op = op.startswith("not "), op.removeprefix("not ")
    return ("not " if negated else "") + _HOW.get(op, op)


class _Style:
    """Bold, dim and coloured text where the terminal takes it."""

    def __init__(self, colour: bool) -> None:
        self.bold, self.dim, self.accent, self.end = ("\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m") if colour else ("",) * 4


def text(page: Page, width: int = 80, colour: bool = False, section: str | None = None, value: str | None = None) -> str:
    """A page for the terminal, `width` columns wide. With `section` that one whole; with `value` the rules behind it."""
    return "\n".join(_Text(page, width, _Style(colour)).lines(section, value)) + "\n"


class _Text:
    def __init__(self, page: Page, width: int, style: _Style) -> None:
        self.page = page
        self.width = width
        self.style = style

    def lines(self, section: str | None, value: str | None) -> Iterator[str]:
        yield from self._head()
        if value is not None:
            yield from self._behind(value)
            return
        for name in SECTIONS if section is None else (section,):
            yield ""
            yield from getattr(self, f"_{name}")(None if section else _TOP[name])

    def _head(self) -> Iterator[str]:
        page, style = self.page, self.style
        yield f"{style.bold}{plain(page.name)}{style.end}  {page.title}".rstrip()
        parts = []
        if page.info:
            parts.append(", ".join(word.replace("-", " ").capitalize() for word in page.info.tactics))
            parts.append(", ".join(page.info.platforms))
        for part in parts:
            if part:
                yield f"{style.dim}{plain(part, self.width)}{style.end}"
        counts = page.by_vendor()
        total = sum(counts.values())
        direct = sum(page.by_vendor(direct=True).values())
        each = ", ".join(f"{NAMES[vendor]} {count:,}" for vendor, count in counts.items())
        yield f"{total:,} rule{'' if total == 1 else 's'}" + (f" ({each})" if total else "")
        families = page.table.families()
        if families < total:
            yield f"{style.dim}{families:,} when near-copies count once{style.end}"
        if direct < total:
            yield f"{style.dim}{total - direct:,} of them by a sub-technique{style.end}"

    def _title(self, name: str, shown: int, total: int, note: str = "") -> str:
        style = self.style
        some = f"{shown:,} of {total:,}" if shown < total else f"{total:,}"
        return f"{style.bold}{style.accent}{name}{style.end}  {some}{note}"

    def _table(self, rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int] = ()) -> Iterator[str]:
        for number, row in enumerate(rows):
            cells = []
            for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
                cell = plain(cell, width)
                cells.append(cell.rjust(width) if at in right else cell.ljust(width))
            line = "  " + "  ".join(cells).rstrip()
            yield f"{self.style.dim}{line}{self.style.end}" if number == 0 else line

    def _events(self, most: int | None) -> Iterator[str]:
        rows = self.page.tables.events
        shown = rows[:most]
        yield self._title("Events covered", len(shown), len(rows))
        if not shown:
            yield "  none that has a number or a name"
            return
        names = [f"{row.provider} {row.id}".strip() for row in shown]
        name = min(max([5, *map(len, names)]), 32)
        table = [("Event", "Title", "Rules")]
        table += [
            (one, row.title + (" *" if row.implied else ""), f"{row.rules:,}") for one, row in zip(names, shown, strict=True)
        ]
        yield from self._table(table, (name, self.width - name - 11, 5), (2,))
        if any(row.implied for row in shown):
            yield f"  {self.style.dim}* by the rules' category, not named by them{self.style.end}"

    def _fields(self, most: int | None) -> Iterator[str]:
        rows = self.page.tables.fields
        shown = rows[:most]
        yield self._title("Fields filtered most", len(shown), len(rows))
        name = min(max([5, *(len(row.field) for row in shown)]), 26)
        rest = self.width - name - 13
        table = [("Field", "Rules", "How, and samples")]
        for row in shown:
            ops = ", ".join(f"{how(op)} {count}" for op, count in list(row.ops.items())[:6])
            table.append((row.field, f"{row.rules:,}", ops))
            if row.samples:
                table.append(("", "", "  " + " · ".join(row.samples)))
        yield from self._table(table, (name, 5, rest), (1,))

    def _indicators(self, most: int | None) -> Iterator[str]:
        rows = self.page.tables.indicators
        shown = rows[:most]
        note = "; reach: in the whole catalog, blank when all here" if self.width >= 80 else ""
        yield self._title("Top indicators", len(shown), len(rows), note)
        name, kind = self._widths([row.indicator for row in shown])
        table = [("Field", "Kind", "Value", "Here", "Reach")]
        for row in shown:
            reach = self.page.catalog.reach(row.indicator).total
            table.append((*self._cells(row), f"{len(row.rules):,}", f"{reach:,}" if reach > len(row.rules) else ""))
        yield from self._table(table, (name, kind, self.width - name - kind - 20, 4, 5), (3, 4))

    def _exclusions(self, most: int | None) -> Iterator[str]:
        rows = self.page.tables.exclusions
        shown = rows[:most]
        yield self._title("Exclusions", len(shown), len(rows))
        name, op = self._widths([row.indicator for row in shown])
        for kind, heading in _KINDS:
            these = [row for row in shown if row.kind == kind]
            if not these:
                continue
            yield f"  {self.style.bold}{heading}{self.style.end}"
            widths = (name, op, self.width - name - op - 13, 5)
            order = list(dict.fromkeys(row.cls for row in these)) if kind == "benign" else [""]
            order.sort(key=lambda cls: (cls == NO_CLASS, -max((len(row.rules) for row in these if row.cls == cls), default=0)))
            head = True
            for cls in order:
                table = [("Field", "Kind", "Value", "Rules")]
                for row in these:
                    if not cls or row.cls == cls:
                        table.append((*self._cells(row), f"{len(row.rules):,}"))
                lines = list(self._table(table, widths, (3,)))
                yield from lines[:1] if head else ()
                if cls:
                    yield f"  {self.style.accent}{cls.replace('_', ' ')}{self.style.end}"
                yield from lines[1:]
                head = False

    def _rules(self, most: int | None) -> Iterator[str]:
        rules = self.page.rules
        shown = rules[:most]
        yield self._title("Rules", len(shown), len(rules))
        vendor = ""
        for rule in shown:
            if rule.vendor != vendor:
                vendor = rule.vendor
                yield f"  {self.style.bold}{NAMES[vendor]}{self.style.end} {self.page.by_vendor()[vendor]:,}"
            via = f" (by {', '.join(self.page.via(rule))})" if self.page.via(rule) else ""
            layer = f" [{rule.layer}]" if rule.layer else ""
            place = ", ".join(filter(None, (", ".join(rule.platforms), rule.domain)))
            line = plain(f"{rule.title or rule.id}{via}{layer}", self.width - 6 - len(place))
            yield f"    {line.ljust(self.width - 6 - len(place))}{self.style.dim}{plain(place)}{self.style.end}".rstrip()
        if len(shown) < len(rules):
            yield f"    {self.style.dim}all of them: --section rules{self.style.end}"

    def _behind(self, value: str) -> Iterator[str]:
        found = self.page.behind(value)
        if not found:
            yield ""
            yield f"No rule here looks for or excludes {plain(value)!r}."
        for kind, indicator, rules in found:
            yield ""
            one = len(rules) == 1
            verb = (
                ("look" if kind == "indicators" else "exclude")
                + ("s" if one else "")
                + (" for" if kind == "indicators" else "")
            )
            field, op, shown = self._words(indicator)
            yield f"{self.style.bold}{len(rules):,} rule{'' if one else 's'}{self.style.end} {verb} {field} {op} {shown}"
            for rule in rules:
                yield f"  {NAMES[rule.vendor]:<8}{plain(rule.title or rule.id, self.width - 10)}"
                if rule.url:
                    yield f"          {self.style.dim}{plain(rule.url)}{self.style.end}"
            if kind == "indicators":
                for other, count in self.page.catalog.combined_with(indicator, self.page.table.handles, 3):
                    line = " ".join(("usually with", *self._words(other), f"({count:,})"))
                    yield f"  {self.style.dim}{plain(line, self.width - 2)}{self.style.end}"

    def _widths(self, indicators: Sequence[Indicator]) -> tuple[int, int]:
        fields = [len(one.field) for one in indicators]
        return min(max([5, *fields]), 24 if self.width >= 80 else 14), min(
            max([4, *(len(how(one.op)) for one in indicators)]), 11
        )

    def _cells(self, row: IndicatorRow | ExclusionRow) -> tuple[str, str, str]:
        return row.indicator.field or "(any text)", how(row.indicator.op), self.page.catalog.written(row.indicator)

    def _words(self, indicator: Indicator) -> tuple[str, str, str]:
        return plain(indicator.field), how(indicator.op), plain(self.page.catalog.written(indicator), self.width)


def markdown(page: Page, section: str | None = None, value: str | None = None) -> str:
    """A page as Markdown tables; every text by strangers stands in code spans or is escaped."""
    return "\n".join(_markdown(page, section, value)) + "\n"


def _markdown(page: Page, section: str | None, value: str | None) -> Iterator[str]:
    yield f"# {safe(page.name)} {safe(page.title)}".rstrip()
    counts = page.by_vendor()
    yield ""
    yield f"{sum(counts.values()):,} rules: " + ", ".join(f"{NAMES[vendor]} {count:,}" for vendor, count in counts.items())
    if value is not None:
        for kind, one, rules in page.behind(value):
            verb = "look for" if kind == "indicators" else "exclude"
            yield from (
                "",
                f"## {len(rules):,} rules {verb} {code(one.field)} {how(one.op)} {code(page.catalog.written(one))}",
                "",
            )
            yield from (f"- {NAMES[rule.vendor]}: {link(rule.title or rule.id, rule.url)}" for rule in rules)
        return
    written = page.catalog.written
    wanted = SECTIONS if section is None else (section,)
    if "events" in wanted:
        yield from _rows("Events covered", ("Provider", "Event", "Title", "Rules"))
        for event in page.tables.events:
            yield _row(
                safe(event.provider), safe(event.id), safe(event.title) + (" (implied)" if event.implied else ""), event.rules
            )
    if "fields" in wanted:
        yield from _rows("Fields filtered most", ("Field", "Rules", "How", "Samples"))
        for field in page.tables.fields:
            ops = ", ".join(f"{how(op)} {count}" for op, count in field.ops.items())
            yield _row(code(field.field), field.rules, ops, " ".join(map(code, field.samples)))
    if "indicators" in wanted:
        yield from _rows("Top indicators", ("Field", "Kind", "Value", "Rules", "Reach"))
        for row in page.tables.indicators:
            one = row.indicator
            yield _row(code(one.field), how(one.op), code(written(one)), len(row.rules), page.catalog.reach(one).total)
    if "exclusions" in wanted:
        yield from _rows("Exclusions", ("Field", "Kind", "Value", "Class", "What it is", "Rules", "Alone"))
        for exclusion in page.tables.exclusions:
            one, alone = exclusion.indicator, len(exclusion.alone)
            cells = (
                code(one.field),
                how(one.op),
                code(written(one)),
                exclusion.cls,
                exclusion.kind,
                len(exclusion.rules),
                alone,
            )
            yield _row(*cells)
    if "rules" in wanted:
        yield from _rows("Rules", ("Vendor", "Rule", "Platforms", "Domain", "Via"))
        for rule in page.rules:
            title = link(rule.title or rule.id, rule.url)
            yield _row(NAMES[rule.vendor], title, safe(", ".join(rule.platforms)), safe(rule.domain), ", ".join(page.via(rule)))


def _rows(title: str, columns: Sequence[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", _row(*columns), _row(*("---" for _ in columns)))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def info_text(data: dict[str, Any], colour: bool = False) -> str:
    """What the catalog is made of, for the terminal."""
    style = _Style(colour)
    out = []
    for one in data["snapshots"]:
        name = f"layer {plain(one['layer'])}" if one["layer"] else "the catalog"
        out.append(f"{style.bold}{name}{style.end}  {plain(one['path'])}")
        out.append(f"  schema {one['schema']}, ATT&CK v{one['attack']}, {one['files']:,} files, {one['bytes'] / 1e6:.1f} MB")
        out.append(f"  {style.dim}{one['hash']}{style.end}")
        out.append(
            f"  {one['rules']:,} live rules ({one['families']:,} when near-copies count once), "
            f"{one['indicators']:,} indicators, {one['exclusions']:,} exclusions"
        )
        for corpus in one["corpora"]:
            out.append(
                f"  {plain(corpus['name']):<8} {corpus['rules']:>6,}  {plain(corpus['repository'])}  {plain(corpus['licence'])}"
            )
            out.append(f"  {style.dim}{'':<8} {plain(corpus['commit'])} of {plain(corpus['date'])}{style.end}")
    return "\n".join(out) + "\n"


def diff_markdown(data: dict[str, Any], most: int = 30) -> str:
    """What changed between two snapshots, as Markdown for a pull request: at most `most` rows a table."""
    return "\n".join(_diff(data, most)) + "\n"


def _diff(data: dict[str, Any], most: int) -> Iterator[str]:
    yield from _rows("Corpora", ("Corpus", "Before", "After", "Rules before", "Rules after"))
    for one in data["corpora"]:
        old, new = one.get("old", {}), one.get("new", {})
        dates = [f"{code(side['commit'][:12])} {safe(side['date'])}" if side else "none" for side in (old, new)]
        yield _row(f"{safe(one['name'])} {safe(one['repository'])}", *dates, old.get("rules", 0), new.get("rules", 0))
    for name, title in (("added", "Rules that came"), ("removed", "Rules that went")):
        rules = data[name]
        yield from ("", f"## {title}: {len(rules):,}", "")
        yield from (f"- {NAMES[rule['vendor']]}: {link(rule['title'] or rule['id'], rule['url'])}" for rule in rules[:most])
        if len(rules) > most:
            yield f"- and {len(rules) - most:,} more"
    changed = data["changed"]
    yield from ("", f"## Rules that say something else: {len(changed):,}", "")
    for rule in changed[:most]:
        yield f"- {NAMES[rule['vendor']]}: {link(rule['title'] or rule['id'], rule['url'])}: {_what(rule)}"
    if len(changed) > most:
        yield f"- and {len(changed) - most:,} more"
    rows = data["exclusions"]
    yield from _rows(f"Exclusions that more or fewer rules have: {len(rows):,}", ("Field", "Kind", "Value", "Before", "After"))
    for row in rows[:most]:
        yield _row(code(row["field"]), how(row["op"]), code(row["value"]), row["old"], row["new"])


def _what(rule: dict[str, Any]) -> str:
    parts = []
    for name in ("indicators", "exclusions", "techniques", "classes"):
        for verb, sign in (("added", "+"), ("removed", "−")):
            number = len(rule.get(name, {}).get(verb, ()))
            if number:
                parts.append(
                    f"{sign}{number} {name if number > 1 else name.removesuffix('es') if name == 'classes' else name[:-1]}"
                )
    return ", ".join(parts)


def diff_text(data: dict[str, Any], width: int = 80, most: int = 20) -> str:
    """What changed between two snapshots, for the terminal."""
    out = []
    for one in data["corpora"]:
        old, new = one.get("old", {}), one.get("new", {})
        dates = " → ".join(plain(side["date"]) if side else "none" for side in (old, new))
        out.append(f"{plain(one['name']):<8} {old.get('rules', 0):,} → {new.get('rules', 0):,} rules  {dates}")
    for name, title in (("added", "came"), ("removed", "went"), ("changed", "say something else")):
        rules = data[name]
        out.append(f"\n{len(rules):,} rules {title}")
        for rule in rules[:most]:
            note = f" ({_what(rule)})" if name == "changed" else ""
            out.append(f"  {NAMES[rule['vendor']]:<8}{plain((rule['title'] or rule['id']) + note, width - 10)}")
        if len(rules) > most:
            out.append(f"  and {len(rules) - most:,} more")
    out.append(f"\n{len(data['exclusions']):,} exclusions that more or fewer rules have")
    for row in data["exclusions"][:most]:
        out.append(
            f"  {row['old']:>4} → {row['new']:<4} " + plain(f"{row['field']} {how(row['op'])} {row['value']}", width - 14)
        )
    return "\n".join(out) + "\n"
