"""The rows of a page: the catalog's tables (`linter.catalog.tally`) with what a browser shows beside the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

from linter.catalog.model import LETTERS, NO_CLASS, CatalogRule, ExclusionRow, FieldRow, IndicatorRow
from linter.catalog.tally import Tables, base
from linter.reporters.catalog_pages import NAMES, how
from linter.rule import Indicator
from linter.site import sigma
from linter.site.book import LARGE, Book, Ref, anchor, label, shown, token
from linter.taxonomy import values
from linter.taxonomy.classes import CLASSES

INDICATORS, EXCLUSIONS = 250, 400  # rows of a page; what is used by one rule alone stands in the rule as well
LINKS = 10  # rules that a row names by itself; a script names the others
FEWER_INDICATORS, FEWER_EXCLUSIONS, FEWER_LINKS = 150, 250, 4  # the same on a large page
BAR = 60  # pixels of the longest bar
HINTED = 3  # rules that make a habit
_LETTERS = {vendor: letter for letter, vendor in LETTERS.items()}
KINDS = (
    ("list", "The organisation's own lists", "Each team fills these itself: watchlists, filter macros, exception lists."),
    ("delegated", "Left to another rule", "Excluded because another rule looks at it: not a false positive, and not proposed."),
    (
        "definitional",
        "The negation is the detection",
        "Renamed programs, uncommon parents, foreign addresses: what is excluded is the normal case that defines the odd one.",
    ),
)


class Field(NamedTuple):
    """A row of the fields filtered most."""

    field: str
    rules: int
    ops: str
    samples: tuple[str, ...]


class Users(NamedTuple):
    """The rules behind a value: the first ones, and the handles of the others."""

    refs: tuple[Ref, ...]
    more: str
    total: int


class Item(NamedTuple):
    """A row of the indicators. `reach` is 0 when all rules that use it are here; `bar` has (vendor's letter, x, width)."""

    id: str
    field: str
    how: str
    value: str
    users: Users
    reach: int
    each: str
    bar: tuple[tuple[str, int, int], ...]
    hints: tuple[str, ...]


class Leaf(NamedTuple):
    """A row of the exclusions: `alone` of its rules exclude it by itself; `beside` is what stands with it where none does."""

    id: str
    field: str
    how: str
    value: str
    users: Users
    alone: int
    beside: str
    sigma: str


class Group(NamedTuple):
    """Exclusions of one benign class or of another kind."""

    id: str
    title: str
    about: str
    rules: int
    leaves: tuple[Leaf, ...]


class Rows(NamedTuple):
    """What a page shows of its tables; the `left` counts are of rows that it does not."""

    fields: tuple[Field, ...]
    items: tuple[Item, ...]
    items_all: int
    items_left: int
    benign: tuple[Group, ...]
    others: tuple[Group, ...]
    leaves_all: int
    leaves_left: int


def rows(book: Book, here: str, tables: Tables, rules: Sequence[CatalogRule]) -> Rows:
    """The rows of the page `here`, whose rules these are."""
    by_handle = {rule.handle: rule for rule in rules}
    large = len(rules) > LARGE
    items = tables.indicators[: FEWER_INDICATORS if large else INDICATORS]
    leaves = sorted(tables.exclusions, key=lambda row: (-len(row.rules), row.kind != "benign", row.indicator))
    leaves = leaves[: FEWER_EXCLUSIONS if large else EXCLUSIONS]
    longest = max([book.reached(row.indicator).total for row in items], default=1)
    benign, others = _groups(book, here, leaves, by_handle)
    return Rows(
        tuple(_field(row) for row in tables.fields),
        tuple(_item(book, here, row, by_handle, longest) for row in items),
        len(tables.indicators),
        len(tables.indicators) - len(items),
        benign,
        others,
        len(tables.exclusions),
        len(tables.exclusions) - len(leaves),
    )


def _field(row: FieldRow) -> Field:
    ops = ", ".join(f"{how(op)} {count:,}" for op, count in row.ops.items())
    return Field(shown(row.field, 120), row.rules, ops, tuple(shown(one, 60) for one in row.samples))


def words(book: Book, indicator: Indicator, most: int = 80) -> str:
    """An indicator as a sentence has it."""
    return " ".join(filter(None, (shown(indicator.field, 120), how(indicator.op), book.written(indicator, most))))


def users(book: Book, here: str, handles: Sequence[str], large: bool) -> Users:
    """The rules behind a value."""
    most = FEWER_LINKS if large else LINKS
    first = tuple(book.ref(handle, here) for handle in handles[:most])
    return Users(first, " ".join(map(anchor, handles[most:])), len(handles))


def _item(book: Book, here: str, row: IndicatorRow, rules: dict[str, CatalogRule], longest: int) -> Item:
    reach = book.reached(row.indicator)
    own = reach.total <= len(row.rules)
    each = ", ".join(f"{NAMES[vendor]} {count:,}" for vendor, count in sorted(reach.by_vendor.items(), key=lambda it: -it[1]))
    return Item(
        f"i-{token(*row.indicator)}",
        shown(row.indicator.field, 120),
        how(row.indicator.op),
        book.written(row.indicator),
        users(book, here, row.rules, len(rules) > LARGE),
        0 if own else reach.total,
        "" if own else each,
        () if own else _bar(reach.by_vendor, reach.total, longest),
        _hints(book, row, rules),
    )


def _bar(by_vendor: dict[str, int], total: int, longest: int) -> tuple[tuple[str, int, int], ...]:
    """A bar whose length goes with the square root of the reach, parted by vendor."""
    length = max(2.0, BAR * sqrt(total / max(1, longest)))
    out = []
    done, x = 0, 0
    for vendor in NAMES:
        done += by_vendor.get(vendor, 0)
        stop = round(length * done / max(1, total))
        if stop > x:
            out.append((_LETTERS[vendor], x, stop - x))
        x = stop
    return tuple(out)


def _is_frame(field: str) -> bool:
    """Whether a field says where an event comes from rather than what happened."""
    return values.is_selector(field) or field.startswith(("host.os.", "event.", "data_stream."))


def _hints(book: Book, row: IndicatorRow, rules: dict[str, CatalogRule]) -> tuple[str, ...]:
    """What half or more of the rules that use an indicator also look for, in another field."""
    if len(row.rules) < HINTED or _is_frame(row.indicator.field):
        return ()
    own = base(row.indicator.field)
    counts: Counter[Indicator] = Counter()
    for handle in row.rules:
        rule = rules[handle]
        counts.update(one for one in rule.indicators if one not in rule.secondary)
    least = max(HINTED, -(-len(row.rules) // 2))
    found = [
        (count, one) for one, count in counts.items() if count >= least and base(one.field) != own and not _is_frame(one.field)
    ]
    best = sorted(found, key=lambda item: (-item[0], item[1]))[:2]
    return tuple(f"{count:,} of {len(row.rules):,} also look for {words(book, one)}" for count, one in best)


def _groups(
    book: Book, here: str, leaves: Iterable[ExclusionRow], rules: dict[str, CatalogRule]
) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """Benign exclusions by class, that of the commonest value first, what has no class last; then the other kinds."""
    by_kind: dict[tuple[str, str], list[ExclusionRow]] = {}
    for row in leaves:
        by_kind.setdefault((row.kind, row.cls if row.kind == "benign" else ""), []).append(row)
    benign = []
    for (kind, cls), found in by_kind.items():
        if kind == "benign":
            known = cls in CLASSES
            title = _TITLES.get(cls, label(cls)) if known else "Everything else"
            about = CLASSES.get(cls, "Cases that fit none of the classes.")
            group = _group(book, here, cls if known else NO_CLASS, title, about, found, rules)
            benign.append((cls == NO_CLASS, -max(leaf.users.total for leaf in group.leaves), -group.rules, cls, group))
    benign.sort(key=lambda entry: entry[:4])
    others = [
        _group(book, here, kind, title, about, by_kind[kind, ""], rules)
        for kind, title, about in KINDS
        if (kind, "") in by_kind
    ]
    return tuple(entry[-1] for entry in benign), tuple(others)


_TITLES = {
    "empty_value": "Empty values", "machine_account": "Computer accounts", "system_account": "System accounts",
    "service_account": "Service accounts", "local_network": "Local network", "security_product": "Security products",
    "browser": "Browsers", "office_collaboration": "Office and collaboration", "management_agent": "Management agents",
    "backup_storage": "Backup and storage", "virtualization": "Virtualisation", "container_runtime": "Container runtimes",
    "cloud_service": "Cloud services", "hardware_vendor": "Hardware makers", "database_server": "Database and web servers",
    "developer_tool": "Developer tools", "servicing": "Servicing of the system", "installer_updater": "Installers and updaters",
    "scripting_host": "Shells and script hosts", "trusted_signer": "Trusted signers", "consumer_app": "Consumer software",
    "system_program": "System programs", "program_folder": "Program folders", "windows_folder": "The Windows folder",
    "system_folder": "System folders", "temp_folder": "Temporary folders", "user_folder": "Users' folders",
}  # fmt: skip


def _group(
    book: Book, here: str, name: str, title: str, about: str, found: Sequence[ExclusionRow], rules: dict[str, CatalogRule]
) -> Group:
    who = {handle for row in found for handle in row.rules}
    leaves = tuple(_leaf(book, here, row, rules) for row in found)
    return Group(f"e-{name}", title, about, len(who), leaves)


def _leaf(book: Book, here: str, row: ExclusionRow, rules: dict[str, CatalogRule]) -> Leaf:
    beside: tuple[Indicator, ...] = ()
    if not row.alone:
        beside = next((found[0] for handle in row.rules if (found := rules[handle].beside(row.indicator))), ())[:4]
    text = ""
    if row.kind == "benign":
        classes = Counter(cls for handle in row.rules for cls in rules[handle].classes)
        cls = min(classes, key=lambda name: (-classes[name], name)) if classes else ""
        text = sigma.filter_text(book.catalog, cls, (row.indicator, *beside))
    return Leaf(
        f"x-{token(*row.indicator)}",
        shown(row.indicator.field, 120),
        how(row.indicator.op),
        book.written(row.indicator),
        users(book, here, row.rules, len(rules) > LARGE),
        len(row.alone),
        " and ".join(words(book, one, 60) for one in beside),
        text,
    )
