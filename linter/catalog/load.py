"""The catalog as checks and ranker ask it. Only what is asked for is read, verified and parsed.

    catalog = open_catalog(("", "mine/"))         the shipped snapshot and a private layer; kept for the process
    catalog = Catalog.open(path, layers)          the same, not kept; SnapshotError when it can't be used
    catalog.total                                 live rules in all layers
    catalog.event_class("process_creation/windows"), catalog.technique("T1021.002")   -> Table (see tables.py): .rules
        .families() .events() .fields() .indicators() .exclusions(); empty for an unknown name, never None
    catalog.reach(indicator)                      -> Reach(total, by_vendor, assumed): positive uses in the whole corpus
    catalog.users(indicator)                      -> handles of the rules that use it
    catalog.excluders(indicator)                  -> ExclusionRow | None: the rules of the whole corpus that exclude exactly it
    catalog.excluded_within(indicator)            -> handles of rules that exclude it or what it is a part of (`c:\\x\\a.exe`)
    catalog.written(indicator)                    -> its value as most rules write it (case kept)
    catalog.spellings(field, op, vendor)          -> how that vendor writes a canonical (field, op), commonest first
    catalog.event_rules(provider, id)             -> handles of rules that name a concrete event themselves
    catalog.same(looks)                           -> rules that look for exactly the same on the same events
    catalog.circles                               -> the circles of rules that exclude something in common (see customs.py)
    catalog.rule(handle) -> CatalogRule           .rules(handles); catalog.by_id(id) -> handles with that id, any vendor
    catalog.family(handle), catalog.families(handles)   near-copies count once
    catalog.related_to(rule)                      -> handles that must not testify for a rule under lint: itself, rules that it
                                                     or that name it, near-copies and converted siblings, and their families
    catalog.combined_with(indicator, within)      -> [(indicator, rules)]: what its users use with it, most frequent first
    catalog.holding(field, text)                  -> (values that hold it, values) that rules look for or exclude in a field
    catalog.often(field, text)                    -> the same where they are many, else None
    catalog.weight(indicator)                     -> ln((N + 1) / (reach + 1)), the weight behind `norm`
    catalog.norm(handle) -> (number of telling indicators, Euclidean norm of all their weights)
    catalog.technique_names(), catalog.class_names()

Handles are text; a layer's have its number before them. Every query that counts takes the handles to leave out, or
returns handles from which the caller takes them.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from linter.catalog import layout, rows, texts
from linter.catalog.model import (
    LETTERS,
    CatalogRule,
    ExclusionRow,
    Reach,
    Spelling,
    near,
    positives,
    telling,
    weight,
)
from linter.catalog.snapshot import Snapshot, SnapshotError, shipped_folder
from linter.catalog.tables import Table, exclusion_row
from linter.rule import Indicator, Rule

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Catalog", "SnapshotError", "open_catalog"]
MOST_KEPT = 4_000  # looked-up indicators that are remembered: memory does not grow with the rules that are linted
MOST_RULES = 1_000  # parsed ones that are remembered
MOST_RELATED = 100  # rules that a rule names, of which it is asked who they are
_LETTER_OF = {vendor: letter for letter, vendor in LETTERS.items()}


@lru_cache(maxsize=4)
def open_catalog(folders: tuple[str, ...] = ("",)) -> Catalog:
    """The catalog of these folders, opened once a process: the snapshot ("" for the shipped one), then layers over it."""
    return Catalog.open(folders[0] if folders else "", folders[1:])


class Catalog:
    """One or more snapshots, asked as one. Made by `open`."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self.snapshots = tuple(snapshots)
        self.total = sum(snapshot.rules for snapshot in snapshots)
        self._tables: dict[tuple[str, str], Table] = {}
        self._rules: dict[str, CatalogRule] = {}
        self._reach: dict[Indicator, list[tuple[str, list[str]]]] = {}
        self._users: dict[Indicator, tuple[str, ...]] = {}
        self._families: dict[str, str] | None = None

    @classmethod
    def open(cls, path: str | Path | None = None, layers: Iterable[str | Path] = ()) -> Catalog:
        """Opens the snapshot at a path (the shipped one when there is none) and private layers over it."""
        snapshots = [Snapshot(path or shipped_folder())]
        for number, layer in enumerate(layers, 1):
            snapshots.append(Snapshot(layer, number, os.path.basename(os.path.realpath(layer))))  # noqa: PTH119
        return cls(snapshots)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the snapshot below the layers."""
        return self.snapshots[0].manifest

    # techniques and event classes

    def event_class(self, cls: str) -> Table:
        """The table of an event class."""
        return self._table("classes", layout.class_shard(cls), cls)

    def technique(self, technique: str) -> Table:
        """The table of a technique (current id), rules of its sub-techniques included."""
        return self._table("techniques", layout.technique_shard(technique), technique)

    @cached_property
    def circles(self) -> dict[str, frozenset[tuple[str, str]]] | None:
        """By event class the (technique, program) of the circles in which rules exclude the same: see `circles_build`.

        None where that is not known: over several layers they would have to be counted together.
        """
        if len(self.snapshots) > 1:
            return None
        found: dict[str, set[tuple[str, str]]] = {}
        for line in self.snapshots[0].read("circles.tsv").decode("utf-8").split("\n")[1:-1]:
            cls, technique, program = map(layout.unescape, line.split("\t"))
            found.setdefault(cls, set()).add((technique, program))
        return {cls: frozenset(keys) for cls, keys in found.items()}

    def class_names(self) -> list[str]:
        """Every event class, sorted. Reads all their shards."""
        return self._names("classes/")

    def technique_names(self) -> list[str]:
        """Every technique that a rule tags, and the parents, sorted. Reads all their shards."""
        return self._names("techniques/")

    def _names(self, folder: str) -> list[str]:
        shards = ((snapshot, file) for snapshot in self.snapshots for file in snapshot.files if file.startswith(folder))
        return sorted({name for snapshot, file in shards for name, _ in layout.blocks(snapshot.read(file))})

    def _table(self, folder: str, shard: str, name: str) -> Table:
        table = self._tables.get((folder, name))
        if table is None:
            pieces = [(one.prefix, layout.block(one.read(f"{folder}/{shard}.tsv"), name) or b"") for one in self.snapshots]
            table = self._tables[folder, name] = Table(name, pieces, self.family)
        return table

    # reach

    @lru_cache(maxsize=1024)  # noqa: B019
    def _reach_files(self, field: str) -> list[tuple[Snapshot, str]]:
        """The table of a field's reach in every layer."""
        name = f"reach/{layout.slug(field)}.tsv"
        return [(one, name if name in one.files else layout.small_reach(field)) for one in self.snapshots]

    def _row(self, indicator: Indicator) -> list[tuple[str, list[str]]]:
        """(handle prefix, cells) of an indicator in every layer that has it: as written, users, excluders."""
        found = self._reach.get(indicator)
        if found is None:
            field, op, value = map(layout.escape, indicator)
            key = f"{field}\t{op}\t{value}\t".encode()
            found = []
            for snapshot, name in self._reach_files(indicator.field):
                for line in snapshot.lines(name, key):
                    found.append((snapshot.prefix, line[len(key) :].decode("utf-8").split("\t")))
            if len(self._reach) >= MOST_KEPT:
                self._reach.clear()
                self._users.clear()
            self._reach[indicator] = found
        return found

    def _tokens(self, indicator: Indicator, column: int) -> list[str]:
        """The marked handles of a column of an indicator's row."""
        out: list[str] = []
        for prefix, cells in self._row(indicator):
            tokens = cells[column].split()
            out += [prefix + token for token in tokens] if prefix else tokens
        return out

    def users(self, indicator: Indicator) -> tuple[str, ...]:
        """The handles of the rules that use an indicator on their positive side, assumed mappings included."""
        found = self._users.get(indicator)
        if found is None:
            found = tuple([token.rstrip("~") for token in self._tokens(indicator, 1)])
            self._users[indicator] = found
        return found

    def reach(self, indicator: Indicator, exclude: Collection[str] = ()) -> Reach:
        """How many rules of the whole corpus use an indicator on their positive side, by vendor."""
        tokens = self._tokens(indicator, 1)
        if exclude:
            tokens = [token for token in tokens if token.rstrip("~") not in exclude]
        sure = [token for token in tokens if token[-1] != "~"]
        if len(self.snapshots) > 1:
            sure = [token.rpartition(":")[2] for token in sure]
        letters = Counter([token[0] for token in sure])
        return Reach(len(sure), {LETTERS[letter]: count for letter, count in letters.items()}, len(tokens) - len(sure))

    def excluders(self, indicator: Indicator, exclude: Collection[str] = ()) -> ExclusionRow | None:
        """The rules of the whole corpus that exclude exactly this; None when no other rule does. The class is ""."""
        tokens = [token for token in self._tokens(indicator, 2) if token[-1] != "-"]
        return exclusion_row(indicator, "", tokens, exclude)

    def excluded_within(self, indicator: Indicator) -> tuple[str, ...]:
        """The handles of the rules that exclude it or a narrower case, as `c:\\\\x\\\\a.exe` is one of `a.exe`."""
        return tuple(token.rstrip(layout.MARKS) for token in self._tokens(indicator, 2))

    def written(self, indicator: Indicator) -> str:
        """The value as most rules write it, case kept; the canonical one when that is how, or nobody uses it."""
        return next((layout.unescape(cells[0]) for _, cells in self._row(indicator) if cells[0]), indicator.value)

    @lru_cache(maxsize=2048)  # noqa: B019  # a process has one catalog, for its whole life
    def holding(self, field: str, text: str) -> tuple[int, int]:
        """(values of a field that hold a text, all its values) among those that rules look for or exclude; not its regexes."""
        joined, total = self._values_of(field)
        return len(re.findall(re.escape(layout.escape(text)) + "[^\n]*", joined)), total

    @lru_cache(maxsize=32)  # noqa: B019
    def _values_of(self, field: str) -> tuple[str, int]:
        """The canonical values of a field, one a line, and how many they are."""
        rows = re.compile(rb"\n%s\t(?!re\t)[^\t]*\t([^\t]*)" % re.escape(layout.escape(field).encode()))
        out = [value for snapshot, name in self._reach_files(field) for value in rows.findall(snapshot.read(name))]
        return b"\n".join(out).decode("utf-8"), len(out)

    def often(self, field: str, text: str) -> tuple[int, int] | None:
        """(values that hold a text, values) of a field, see `holding`, where these are many (`texts.often`)."""
        if len(self.snapshots) == 1 and texts.IN_TABLE.fullmatch(text):
            return self._texts(field).get(text)
        found, total = self.holding(field, text)
        return (found, total) if texts.often(found, total) else None

    @lru_cache(maxsize=32)  # noqa: B019
    def _texts(self, field: str) -> dict[str, tuple[int, int]]:
        """The short texts that many of a field's values hold, in a catalog of one layer."""
        found = self.snapshots[0].lines("texts.tsv", f"{layout.escape(field)}\t".encode())
        return texts.read(found[0].decode()) if found else {}

    def weight(self, indicator: Indicator) -> float:
        """The rarity of an indicator: see `model.weight`."""
        return weight(self.total, sum(len(cells[1].split()) for _, cells in self._row(indicator)))

    def spellings(self, field: str, op: str, vendor: str) -> list[Spelling]:
        """How a vendor's rules write a canonical (field, op), commonest first; [] when none does."""
        key = f"{layout.escape(field)}\t{op}\t{vendor}\t".encode()
        found: Counter[tuple[str, str, str]] = Counter()
        for snapshot in self.snapshots:
            for line in snapshot.lines("spellings.tsv", key):
                uses, *cells = line[len(key) :].decode("utf-8").split("\t")
                native, native_op, template = map(layout.unescape, cells)
                found[native, native_op, template] += int(uses)
        return [Spelling(*how, uses) for how, uses in sorted(found.items(), key=lambda item: (-item[1], item[0]))]

    def event_rules(self, provider: str, id: str) -> tuple[str, ...]:
        """The handles of the rules that name a concrete event themselves (not by their category)."""
        key = f"{layout.escape(provider)}\t{layout.escape(id)}\t".encode()
        found: dict[str, None] = {}
        for snapshot in self.snapshots:
            for line in snapshot.lines("events.tsv", key):
                found.update(dict.fromkeys(snapshot.prefix + handle for handle in line.split(b"\t")[4].decode().split()))
        return tuple(found)

    def event_title(self, provider: str, id: str) -> str:
        """The title of a concrete event; "" when it is not known."""
        key = f"{layout.escape(provider)}\t{layout.escape(id)}\t".encode()
        for snapshot in self.snapshots:
            for line in snapshot.lines("events.tsv", key):
                return layout.unescape(line.split(b"\t")[3].decode("utf-8"))
        return ""

    # rules

    def _of(self, handle: str) -> tuple[Snapshot, str]:
        number, colon, bare = handle.rpartition(":")
        return (self.snapshots[int(number)], bare) if colon else (self.snapshots[0], bare)

    def _indexed(self, handle: str) -> tuple[Snapshot, str, list[str]]:
        """(snapshot, handle in it, cells of its index line behind the handle). KeyError for an unknown handle."""
        snapshot, bare = self._of(handle)
        key = f"{bare}\t".encode()
        for line in snapshot.lines("index.tsv", key):
            return snapshot, bare, line[len(key) :].decode("utf-8").split("\t")
        raise KeyError(handle)

    def rule(self, handle: str) -> CatalogRule:
        """The rule of a handle. KeyError for an unknown one."""
        found = self._rules.get(handle)
        if found is None:
            snapshot, bare, cells = self._indexed(handle)
            line = snapshot.lines(f"rules/{cells[0]}.jsonl", f'{{"handle":"{bare}"'.encode())[0]
            base = snapshot.base(LETTERS[bare[0]])
            found = rows.load(line, base, self.family(handle), snapshot.prefix, snapshot.name)
            if len(self._rules) >= MOST_RULES:
                self._rules.clear()
            self._rules[handle] = found
        return found

    def rules(self, handles: Iterable[str]) -> list[CatalogRule]:
        """The rules of these handles, in order."""
        return [self.rule(handle) for handle in handles]

    def every_rule(self) -> list[CatalogRule]:
        """All rules of all layers, sorted by handle within a layer. Reads everything."""
        lines = (line for one in self.snapshots for line in one.read("index.tsv").decode("utf-8").splitlines()[1:])
        bare = [line.partition("\t")[0] for line in lines]
        counts = [one.prefix for one in self.snapshots for _ in range(one.rules)]
        return [self.rule(prefix + handle) for prefix, handle in zip(counts, bare, strict=True)]

    def vendor(self, handle: str) -> str:
        """The vendor of a handle."""
        return LETTERS[handle.rpartition(":")[2][0]]

    def norm(self, handle: str) -> tuple[int, float]:
        """(number of telling indicators, Euclidean norm of the weights of all) of a rule's positive side."""
        _, _, cells = self._indexed(handle)
        return int(cells[1]), float(cells[2])

    def by_id(self, id: str, vendor: str = "") -> tuple[str, ...]:
        """The handles of the rules that have this id, of whichever vendor or of one."""
        found: dict[str, None] = {}
        for snapshot in self.snapshots if id else ():
            for letter, name in LETTERS.items():
                if vendor not in ("", name):
                    continue
                stem = layout.handle_stem(letter, f"{name}:{id}")
                for line in snapshot.lines("index.tsv", stem.encode()):
                    bare, shard, _ = line.decode().split("\t", 2)
                    handle = snapshot.prefix + bare
                    if self._has_id(handle, id, snapshot, bare, shard):
                        found[handle] = None
                    for one in self.copies(handle):
                        if one != handle and self._has_id(one, id, *self._place(one)):
                            found[one] = None
        return tuple(found)

    def has_id(self, handle: str, id: str) -> bool:
        """Whether a rule has an id, which is not empty."""
        if not id:
            return False
        bare = handle.rpartition(":")[2]
        if bare == layout.handle_stem(bare[0], f"{LETTERS[bare[0]]}:{id}"):  # made of it: no need to look
            return True
        return self._has_id(handle, id, *self._place(handle))

    def _place(self, handle: str) -> tuple[Snapshot, str, str]:
        """(snapshot, handle in it, shard) of a handle."""
        snapshot, bare, cells = self._indexed(handle)
        return snapshot, bare, cells[0]

    def _has_id(self, handle: str, id: str, snapshot: Snapshot, bare: str, shard: str) -> bool:
        if not rows.BARE_ID.fullmatch(id):
            return self.rule(handle).id == id
        return bool(snapshot.lines(f"rules/{shard}.jsonl", f'{{"handle":"{bare}","id":"{id}"'.encode()))

    def same(self, looks: str) -> list[tuple[str, str]]:
        """(what it excludes, handle) of every rule that looks for the same on the same events: hashes of `model.sides`."""
        key = f"{looks}\t".encode()
        found = []
        for snapshot in self.snapshots:
            for line in snapshot.lines("same.tsv", key):
                excludes, _, handle = line[len(key) :].decode().partition("\t")
                found.append((excludes, snapshot.prefix + handle))
        return found

    # families

    def _family_table(self) -> dict[str, str]:
        if self._families is None:
            self._families = {}
            self._members: dict[str, tuple[str, ...]] = {}
            for snapshot in self.snapshots:
                for line in snapshot.read("families.tsv").decode("utf-8").split("\n")[1:-1]:
                    head, _, rest = line.partition("\t")
                    members = tuple(snapshot.prefix + handle for handle in rest.split(" "))
                    self._members[snapshot.prefix + head] = members
                    self._families.update(dict.fromkeys(members, snapshot.prefix + head))
        return self._families

    def family(self, handle: str) -> str:
        """The family of near-copies that a rule belongs to: its smallest handle; the rule's own when it has no copies."""
        return self._family_table().get(handle, handle)

    def copies(self, handle: str) -> tuple[str, ...]:
        """The near-copies of a rule, itself included when it has any."""
        family = self.family(handle)
        return self._members.get(family, ())

    def families(self, handles: Iterable[str], exclude: Collection[str] = ()) -> int:
        """How many independent rules are among these."""
        family = self._family_table().get
        return len({family(handle, handle) for handle in handles if handle not in exclude})

    def related_to(self, rule: Rule) -> frozenset[str]:
        """The handles that must not testify for a rule under lint: see the module's docstring."""
        found = set(self.by_id(rule.id))
        for other in rule.related[:MOST_RELATED]:
            found.update(self.by_id(other.id))
        found.update(self.near_copies(rule))
        for handle in tuple(found):
            found.update(self.copies(handle))
        return frozenset(found)

    def near_copies(self, rule: Rule) -> list[str]:
        """The rules of any vendor with a common event class whose telling indicators are near (`model.near`)."""
        wanted = telling(positives(rule))
        own = sorted(wanted, key=lambda indicator: (len(self._tokens(indicator, 1)), indicator))
        if not own:
            return []
        mates: frozenset[str] = frozenset().union(*(self.event_class(cls).handles for cls in rule.classes))
        # A set that shares nine tenths with this one holds at least one of the rarest tenth plus one.
        rarest = own[: len(own) - -(-9 * len(own) // 10) + 1]
        candidates = {handle for indicator in rarest for handle in self.users(indicator)} & mates
        low, high = 0.9 * len(own), len(own) / 0.9
        likely = [one for one in sorted(candidates) if low <= self.norm(one)[0] <= high]
        return [one for one in likely if near(wanted, telling(self.rule(one).indicators))]

    def combined_with(
        self, indicator: Indicator, within: Collection[str] | None = None, limit: int = 5, most: int = 300
    ) -> list[tuple[Indicator, int]]:
        """What the rules that use an indicator (of `within`, when given) look for with it, in other fields.

        At most `most` rules are looked at.
        """
        handles = [handle for handle in self.users(indicator) if within is None or handle in within][:most]
        counts: Counter[Indicator] = Counter()
        for handle in handles:
            counts.update(other for other in self.rule(handle).indicators if other.field != indicator.field)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
