"""A gathered catalog → the files of a snapshot, as bytes by name. Nothing here depends on time, machine or order of work."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from typing import Any

from linter.catalog import layout, peers_build, rows
from linter.catalog.aggregate import Gathered
from linter.catalog.corpora import parents
from linter.catalog.model import CatalogRule, Excluded, telling, weight
from linter.catalog.snapshot import manifest_hash
from linter.catalog.tally import Tables, tables
from linter.rule import Indicator
from linter.taxonomy import attack

OWN_FILE = 150  # rows from which on a field has a reach file of its own


def files(gathered: Gathered) -> Iterator[tuple[str, bytes]]:
    """Every file but the manifest."""
    rules = sorted(gathered.rules, key=lambda rule: rule.handle)
    yield from _rule_shards(rules)
    yield "index.tsv", _index(rules)
    yield "families.tsv", _families(rules)
    yield from _reach(rules, gathered)
    yield "events.tsv", _events(rules, gathered)
    yield "spellings.tsv", _spellings(gathered)
    yield from peers_build.files(rules)
    yield from _blocks("classes", layout.class_shard, _by_class(rules), gathered, singles=True)
    yield from _blocks("techniques", layout.technique_shard, _by_technique(rules), gathered, singles=False)


def shard_of(rule: CatalogRule) -> str:
    """The shard that holds a rule's line: that of its first event class."""
    return layout.class_shard(rule.classes[0]) if rule.classes else "none"


def _rule_shards(rules: Sequence[CatalogRule]) -> Iterator[tuple[str, bytes]]:
    shards: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        shards[shard_of(rule)].append(rows.dump(rule))
    for shard, lines in sorted(shards.items()):
        yield f"rules/{shard}.jsonl", ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _index(rules: Sequence[CatalogRule]) -> bytes:
    reach = Counter(indicator for rule in rules for indicator in rule.indicators)
    lines = []
    for rule in rules:
        norm = sqrt(sum(weight(len(rules), reach[indicator]) ** 2 for indicator in rule.indicators))
        lines.append(f"{rule.handle}\t{shard_of(rule)}\t{len(telling(rule.indicators))}\t{norm:.3f}")
    return layout.table("handle\tshard\tindicators\tnorm", lines)


def _families(rules: Sequence[CatalogRule]) -> bytes:
    members: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        members[rule.family].append(rule.handle)
    lines = [f"{family}\t{' '.join(sorted(handles))}" for family, handles in members.items() if len(handles) > 1]
    return layout.table("family\tmembers", lines)


def marks(leaf: Excluded) -> str:
    """The marks behind the handle of a rule that excludes a leaf."""
    return ("" if leaf.alone else "+") + layout.KIND_MARKS[leaf.kind]


def _reach(rules: Sequence[CatalogRule], gathered: Gathered) -> Iterator[tuple[str, bytes]]:
    users: dict[Indicator, list[str]] = defaultdict(list)
    excluders: dict[Indicator, list[str]] = defaultdict(list)
    for rule in rules:
        for indicator in rule.indicators:
            users[indicator].append(rule.handle + ("~" if indicator in rule.assumed else ""))
        for leaf in rule.excluded:
            excluders[leaf.indicator].append(rule.handle + marks(leaf))
        for indicator in gathered.broad.get(rule.handle, ()):
            excluders[indicator].append(rule.handle + "-")
    groups: dict[str, list[str]] = defaultdict(list)
    small: dict[str, str] = {}
    for indicator in sorted(users.keys() | excluders.keys()):
        written = gathered.written.get(indicator, "")
        cells = (*map(layout.escape, indicator), layout.escape(written if written != indicator.value else ""))
        line = "\t".join((*cells, " ".join(users.get(indicator, ())), " ".join(excluders.get(indicator, ()))))
        name = f"reach/{layout.slug(indicator.field)}.tsv"
        groups[name].append(line)
        small[line] = layout.small_reach(indicator.field)
    merged: dict[str, list[str]] = defaultdict(list)
    for name, lines in groups.items():
        for line in lines:
            merged[name if len(lines) >= OWN_FILE else small[line]].append(line)
    for name, lines in sorted(merged.items()):
        yield name, layout.table("field\top\tvalue\twritten\trules\texcluding", lines)


def _events(rules: Sequence[CatalogRule], gathered: Gathered) -> bytes:
    naming: dict[tuple[str, str], list[str]] = defaultdict(list)
    implying: Counter[tuple[str, str]] = Counter()
    for rule in rules:
        concrete: dict[tuple[str, str], bool] = {}
        for _, provider, id, implied in rule.events:
            concrete[provider, id] = implied and concrete.get((provider, id), True)
        for key, implied in concrete.items():
            if implied:
                implying[key] += 1
            else:
                naming[key].append(rule.handle)
    lines = []
    for key in naming.keys() | implying.keys():
        cls, title = gathered.titles.get(key, ("", ""))
        cells = map(layout.escape, (*key, cls, title))
        lines.append("\t".join((*cells, " ".join(naming.get(key, ())), str(implying[key]))))
    return layout.table("provider\tid\tclass\ttitle\trules\timplying", lines)


def _spellings(gathered: Gathered) -> bytes:
    lines = []
    for (field, op, vendor, native, native_op, template), uses in gathered.spellings.items():
        how = "\t".join(map(layout.escape, (native, native_op, template)))
        lines.append(f"{layout.escape(field)}\t{op}\t{vendor}\t{uses}\t{how}")
    return layout.table("field\top\tvendor\tuses\tnative\tnative op\tvalue", lines)


def _by_class(rules: Sequence[CatalogRule]) -> dict[str, list[CatalogRule]]:
    groups: dict[str, list[CatalogRule]] = defaultdict(list)
    for rule in rules:
        for name in dict.fromkeys(wider for cls in rule.classes for wider in parents(cls)):
            groups[name].append(rule)
    return groups


def _by_technique(rules: Sequence[CatalogRule]) -> dict[str, list[CatalogRule]]:
    groups: dict[str, list[CatalogRule]] = defaultdict(list)
    for rule in rules:
        for technique in dict.fromkeys(wider for one in rule.techniques for wider in (one, attack.parent(one)) if wider):
            groups[technique].append(rule)
    return groups


def _blocks(
    folder: str, shard: Any, groups: dict[str, list[CatalogRule]], gathered: Gathered, singles: bool
) -> Iterator[tuple[str, bytes]]:
    """The shards of a folder; `singles`: exclusions of a single rule are listed too."""
    shards: dict[str, list[str]] = defaultdict(list)
    for name in sorted(groups):
        shards[shard(name)].append(name)
    for file, names in sorted(shards.items()):
        yield f"{folder}/{file}.tsv", b"".join(_block(name, groups[name], gathered, singles) for name in names)


def _block(name: str, rules: Sequence[CatalogRule], gathered: Gathered, singles: bool) -> bytes:
    found = tables(rules, lambda provider, id: gathered.titles.get((provider, id), ("", ""))[1])
    families = len({rule.family for rule in rules})
    lines = [f"#{layout.escape(name)}\t{len(rules)}\t{families}", "##rules", *sorted(rule.handle for rule in rules)]
    marked = {(rule.handle, leaf.indicator): marks(leaf) for rule in rules for leaf in rule.excluded}
    lines += _sections(found, marked, 1 if singles else 2)
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _sections(found: Tables, marked: dict[tuple[str, Indicator], str], least: int) -> Iterable[str]:
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
        if len(row.rules) > 1:
            yield "\t".join((str(len(row.rules)), *map(layout.escape, row.indicator), " ".join(row.rules)))
    yield "##exclusions"
    for exclusion in found.exclusions:
        if len(exclusion.rules) >= least:
            handles = " ".join(handle + marked[handle, exclusion.indicator] for handle in exclusion.rules)
            cells = map(layout.escape, exclusion.indicator)
            yield "\t".join((str(len(exclusion.rules)), *cells, exclusion.cls, handles))


def manifest(gathered: Gathered, corpora: Sequence[dict[str, Any]], hashes: dict[str, str]) -> bytes:
    """The manifest: schema, corpora as given with their rules counted, counts, and the hash of every file."""
    content: dict[str, Any] = {
        "schema": layout.SCHEMA,
        "attack": attack.VERSION,
        "rules": len(gathered.rules),
        "families": len({rule.family for rule in gathered.rules}),
        "indicators": len({one for rule in gathered.rules for one in rule.indicators}),
        "exclusions": len({leaf.indicator for rule in gathered.rules for leaf in rule.excluded}),
        "corpora": list(corpora),
        "files": dict(sorted(hashes.items())),
    }
    content["hash"] = manifest_hash(content)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
