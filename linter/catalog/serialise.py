"""A gathered catalog → the files of a snapshot, as bytes by name. Nothing here depends on time, machine or order of work."""

from __future__ import annotations

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from math import sqrt
from typing import Any, NamedTuple, TypeAlias

from linter.catalog import circles_build, layout, peers_build, rows, texts
from linter.catalog.aggregate import Gathered
from linter.catalog.corpora import parents
from linter.catalog.model import CatalogRule, Excluded, sides, telling, weight
from linter.catalog.snapshot import manifest_hash
from linter.catalog.store import ASSUMED_BITS, MARK_BITS, MARKS, Rules
from linter.catalog.tally import Tables, tables
from linter.rule import Indicator
from linter.taxonomy import attack

OWN_FILE = 150  # rows from which on a field has a reach file of its own
_REACH = "field\top\tvalue\twritten\trules\texcluding"
_MARK_MASK = (1 << MARK_BITS) - 1

Numbers: TypeAlias = "array[int]"


class _Contents(NamedTuple):
    """The numbers of the rules by what tables are made of. Classes and techniques hold those of their narrower ones."""

    shards: dict[str, Numbers]
    classes: dict[str, Numbers]
    techniques: dict[str, Numbers]
    naming: dict[tuple[str, str], Numbers]  # (provider, event id) → rules that name it
    implying: Counter[tuple[str, str]]  # how many imply it by their category


def files(gathered: Gathered) -> Iterator[tuple[str, bytes]]:
    """Every file but the manifest, one after the other."""
    rules = gathered.rules
    contents = _contents(rules)
    for shard, numbers in sorted(contents.shards.items()):
        yield f"rules/{shard}.jsonl", _lines(rules, numbers)
    yield "index.tsv", _index(rules, contents.shards)
    yield "same.tsv", _same(rules)
    yield "families.tsv", _families(rules)
    yield from _reach(gathered)
    yield "events.tsv", _events(gathered, contents)
    yield "spellings.tsv", _spellings(gathered)
    yield "circles.tsv", circles_build.table(rules, contents.classes, contents.techniques)
    yield from peers_build.files(rules)
    yield from _blocks("classes", layout.class_shard, contents.classes, gathered, least=1)
    yield from _blocks("techniques", layout.technique_shard, contents.techniques, gathered, least=2)


def _numbers() -> Numbers:
    return array("I")


def _contents(rules: Rules) -> _Contents:
    found = _Contents(
        defaultdict(_numbers), defaultdict(_numbers), defaultdict(_numbers), defaultdict(_numbers), Counter()
    )  # fmt: skip
    for number, rule in enumerate(rules):
        # The shard that holds a rule's line is that of its first event class.
        found.shards[layout.class_shard(rule.classes[0]) if rule.classes else "none"].append(number)
        for name in {wider for cls in rule.classes for wider in parents(cls)}:
            found.classes[name].append(number)
        for name in {wider for one in rule.techniques for wider in (one, attack.parent(one)) if wider}:
            found.techniques[name].append(number)
        concrete: dict[tuple[str, str], bool] = {}
        for _, provider, id, implied in rule.events:
            concrete[provider, id] = implied and concrete.get((provider, id), True)
        for key, implied in concrete.items():
            if implied:
                found.implying[key] += 1
            else:
                found.naming[key].append(number)
    return found


def _lines(rules: Rules, numbers: Numbers) -> bytes:
    lines = BytesIO()
    for number in numbers:
        lines.write(rows.dump(rules[number]).encode("utf-8", "replace") + b"\n")
    return lines.getvalue()


def _index(rules: Rules, shards: dict[str, Numbers]) -> bytes:
    tells = bytes(bool(telling((one,))) for one in rules.items)
    reach = Counter(entry >> ASSUMED_BITS for entry in rules.using.all)
    squares = {uses: weight(len(rules), uses) ** 2 for uses in set(reach.values())}

    def row(number: int, shard: str) -> str:
        used = [entry >> ASSUMED_BITS for entry in rules.using[number]]
        norm = sqrt(sum([squares[reach[one]] for one in used]))
        return f"{rules.handles[number]}\t{shard}\t{sum([tells[one] for one in used])}\t{norm:.3f}"

    found = (row(number, shard) for shard, numbers in shards.items() for number in numbers)
    return layout.table("handle\tshard\tindicators\tnorm", found)


def _same(rules: Rules) -> bytes:
    found = ((*sides(rule.indicators, rule.classes, (leaf.indicator for leaf in rule.excluded)), rule.handle) for rule in rules)
    return layout.table("looks\texcludes\thandle", map("\t".join, found))


def _families(rules: Rules) -> bytes:
    members: dict[str, list[str]] = defaultdict(list)
    for handle, family in zip(rules.handles, rules.families, strict=True):
        members[family].append(handle)
    lines = [f"{family}\t{' '.join(sorted(handles))}" for family, handles in members.items() if len(handles) > 1]
    return layout.table("family\tmembers", lines)


def marks(leaf: Excluded) -> str:
    """The marks behind the handle of a rule that excludes a leaf."""
    return ("" if leaf.alone else "+") + layout.KIND_MARKS[leaf.kind]


def _reach(gathered: Gathered) -> Iterator[tuple[str, bytes]]:
    rules = gathered.rules
    items, handles = rules.items, rules.handles
    using = rules.using.inverted(len(items), ASSUMED_BITS)
    excluding = rules.excluding.inverted(len(items), MARK_BITS)

    def row(number: int) -> str:
        cells = map(layout.escape, (*items[number], gathered.written.commonest(number, items[number].value)))
        users = " ".join([handles[entry >> ASSUMED_BITS] + ("~" if entry & 1 else "") for entry in using[number]])
        marked = [handles[entry >> MARK_BITS] + MARKS[entry & _MARK_MASK] for entry in excluding[number]]
        return "\t".join((*cells, users, " ".join(marked)))

    fields: dict[str, Numbers] = defaultdict(_numbers)
    sizes: Counter[str] = Counter()
    for number, indicator in enumerate(items):
        if using.has(number) or excluding.has(number):
            fields[indicator.field].append(number)
            sizes[layout.slug(indicator.field)] += 1
    shards: dict[str, list[str]] = defaultdict(list)
    for field in fields:
        own = sizes[layout.slug(field)] >= OWN_FILE
        shards[f"reach/{layout.slug(field)}.tsv" if own else layout.small_reach(field)].append(field)
    for name, members in sorted(shards.items()):
        yield name, layout.table(_REACH, (row(number) for field in members for number in fields[field]))
    held = (texts.row(field, [items[at].value for at in numbers if items[at].op != "re"]) for field, numbers in fields.items())
    yield "texts.tsv", layout.table("field\tvalues\ttexts", filter(None, held))


def _events(gathered: Gathered, contents: _Contents) -> bytes:
    handles = gathered.rules.handles
    lines = []
    for key in contents.naming.keys() | contents.implying.keys():
        cells = map(layout.escape, (*key, *gathered.titles.get(key, ("", ""))))
        naming = " ".join([handles[number] for number in contents.naming.get(key, ())])
        lines.append("\t".join((*cells, naming, str(contents.implying[key]))))
    return layout.table("provider\tid\tclass\ttitle\trules\timplying", lines)


def _spellings(gathered: Gathered) -> bytes:
    lines = []
    for (field, op, vendor, native, native_op, template), uses in gathered.spellings.items():
        how = "\t".join(map(layout.escape, (native, native_op, template)))
        lines.append(f"{layout.escape(field)}\t{op}\t{vendor}\t{uses}\t{how}")
    return layout.table("field\top\tvendor\tuses\tnative\tnative op\tvalue", lines)


def _blocks(folder: str, shard: Any, groups: dict[str, Numbers], gathered: Gathered, least: int) -> Iterator[tuple[str, bytes]]:
    """The shards of a folder; exclusions of `least` rules or more are listed."""
    shards: dict[str, list[str]] = defaultdict(list)
    for name in sorted(groups):
        shards[shard(name)].append(name)
    for file, names in sorted(shards.items()):
        yield f"{folder}/{file}.tsv", b"".join([_block(name, groups[name], gathered, least) for name in names])


def _block(name: str, numbers: Numbers, gathered: Gathered, least: int) -> bytes:
    rules = gathered.rules
    marked: dict[tuple[str, Indicator], str] = {}

    def each() -> Iterator[CatalogRule]:
        for number in numbers:
            rule = rules[number]
            marked.update({(rule.handle, leaf.indicator): marks(leaf) for leaf in rule.excluded})
            yield rule

    found = tables(each(), lambda provider, id: gathered.titles.get((provider, id), ("", ""))[1], 2, least)
    families = len({rules.families[number] for number in numbers})
    lines = [f"#{layout.escape(name)}\t{len(numbers)}\t{families}", "##rules", *(rules.handles[number] for number in numbers)]
    lines += _sections(found, marked)
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _sections(found: Tables, marked: dict[tuple[str, Indicator], str]) -> Iterable[str]:
    yield "##events"
    for event in found.events:
        cells = map(layout.escape, (event.provider, event.id, event.title))
        yield "\t".join((str(event.rules), "*" if event.implied else "", *cells))
    yield "##fields"
    for field in found.fields:
        ops = ",".join(f"{op} {count}" for op, count in field.ops.items())
        yield "\t".join((str(field.rules), layout.escape(field.field), ops, *map(layout.escape, field.samples)))
    yield "##indicators"
    for row in found.indicators:
        yield "\t".join((str(len(row.rules)), *map(layout.escape, row.indicator), " ".join(row.rules)))
    yield "##exclusions"
    for exclusion in found.exclusions:
        handles = " ".join([handle + marked[handle, exclusion.indicator] for handle in exclusion.rules])
        cells = map(layout.escape, exclusion.indicator)
        yield "\t".join((str(len(exclusion.rules)), *cells, exclusion.cls, handles))


def manifest(gathered: Gathered, corpora: Sequence[dict[str, Any]], hashes: dict[str, str]) -> bytes:
    """The manifest: schema, corpora as given with their rules counted, counts, and the hash of every file."""
    content: dict[str, Any] = {
        "schema": layout.SCHEMA,
        "attack": attack.VERSION,
        "rules": len(gathered.rules),
        "families": len(set(gathered.rules.families)),
        "indicators": len({entry >> ASSUMED_BITS for entry in gathered.rules.using.all}),
        "exclusions": len({one >> MARK_BITS for one in gathered.rules.excluding.all if MARKS[one & _MARK_MASK] != "-"}),
        "corpora": list(corpora),
        "files": dict(sorted(hashes.items())),
    }
    content["hash"] = manifest_hash(content)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
