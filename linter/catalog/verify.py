"""Whether a snapshot is what it should be: `python -m linter.catalog.verify [DIR]`. For tests and CI; needs jsonschema.

Every file's hash, every line against its JSON Schema, the order of sorted tables, handles that resolve, counts that add up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from linter.catalog import layout
from linter.catalog.snapshot import Snapshot, SnapshotError, shipped

_SCHEMAS = Path(__file__).parent / "schemas"
_TABLES = {
    "index.tsv": "index", "families.tsv": "families", "same.tsv": "same", "events.tsv": "events", "spellings.tsv": "spellings",
    "circles.tsv": "circles", "texts.tsv": "texts", "peers/rules.tsv": "peers rules", "peers/leaves.tsv": "peers leaves",
    "peers/features.tsv": "peers features", "peers/fields.tsv": "peers fields",
}  # fmt: skip
_COUNTED = ("block", "block events", "peers features", "peers fields")  # tables whose column `rules` is a number
_SECTIONS = ("rules", "events", "fields", "indicators", "exclusions")
MOST = 50  # complaints that are shown


def problems(folder: Path, every: int = 1) -> Iterator[str]:
    """What is wrong with a snapshot, a sentence each. `every`: only each so-many-th line is held against its schema."""
    try:
        snapshot = Snapshot(folder)
        for name in snapshot.files:
            snapshot.read(name)
    except SnapshotError as error:
        yield str(error)
        return
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - snapshot.files.keys() - {layout.MANIFEST}):
        yield f"{name}: not in the manifest"
    yield from _Checker(snapshot, every).problems()


class _Checker:
    def __init__(self, snapshot: Snapshot, every: int) -> None:
        from jsonschema import Draft202012Validator

        def schema(name: str) -> dict[str, Any]:
            loaded: dict[str, Any] = json.loads((_SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
            return loaded

        self.snapshot = snapshot
        self.every = every
        self.manifest = Draft202012Validator(schema("manifest"))
        self.rule = Draft202012Validator(schema("rule"))
        tables = schema("rows")["$defs"]
        self.rows = {name: Draft202012Validator(one) for name, one in tables.items()}
        self.columns = {name: tuple(one["properties"]) for name, one in tables.items()}
        self.handles: set[str] = set()

    def problems(self) -> Iterator[str]:
        yield from self._against(self.manifest, self.snapshot.manifest, layout.MANIFEST)
        index = self.snapshot.read("index.tsv").decode("utf-8").splitlines()[1:]
        self.handles = {line.partition("\t")[0] for line in index}
        yield from self._table("index.tsv", "index")
        if len(self.handles) != self.snapshot.rules:
            yield f"index.tsv: {len(self.handles)} handles, {self.snapshot.rules} rules in the manifest"
        rules = 0
        for name in self.snapshot.files:
            folder = name.partition("/")[0]
            if folder == "rules":
                lines = self.snapshot.read(name).decode("utf-8").split("\n")[:-1]
                rules += len(lines)
                yield from self._rules(name, lines)
            elif folder in ("classes", "techniques"):
                yield from self._blocks(name)
            elif folder == "reach":
                yield from self._table(name, "reach")
            elif name != "index.tsv":
                yield from self._table(name, _TABLES[name])
        if rules != self.snapshot.rules:
            yield f"rules/: {rules} lines, {self.snapshot.rules} rules in the manifest"
        yield from self._peers()

    def _peers(self) -> Iterator[str]:
        """Peers whose leaves are not those that name them."""
        rows, leaves = (
            self.snapshot.read(f"peers/{name}.tsv").decode("utf-8").split("\n")[1:-1] for name in ("rules", "leaves")
        )
        named: dict[str, list[str]] = {}
        for number, leaf in enumerate(leaves):
            for token in leaf.rpartition("\t")[2].split():
                named.setdefault(token.rstrip("+"), []).append(str(number))
        for row in rows:
            handle = row.partition("\t")[0]
            if row.rpartition("\t")[2].split() != named.pop(handle, []):
                yield f"peers/rules.tsv: {handle}: its leaves are not those that name it"
        for handle in named:
            yield f"peers/leaves.tsv: {handle} is no peer"

    def _against(self, validator: Any, value: Any, where: str) -> Iterator[str]:
        for error in validator.iter_errors(value):
            yield f"{where}: {error.json_path}: {error.message[:200]}"

    def _rules(self, name: str, lines: list[str]) -> Iterator[str]:
        if lines != sorted(lines):
            yield f"{name}: not sorted"
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if row["handle"] not in self.handles:
                yield f"{name}:{number}: {row['handle']} is not in the index"
            if number % self.every == 0:
                yield from self._against(self.rule, row, f"{name}:{number}")

    def _table(self, name: str, table: str) -> Iterator[str]:
        head, *lines = self.snapshot.read(name).removesuffix(b"\n").split(b"\n")
        if head.decode("utf-8") != "#" + "\t".join(self.columns[table]):
            yield f"{name}: the first line does not name the columns"
        if lines != sorted(lines):
            yield f"{name}: not sorted"
        for number, line in enumerate(lines, 2):
            yield from self._row(name, number, line, table)

    def _row(self, name: str, number: int, line: bytes, table: str) -> Iterator[str]:
        cells = line.decode("utf-8").split("\t")
        if len(cells) != len(self.columns[table]):
            yield f"{name}:{number}: {len(cells)} cells where {len(self.columns[table])} belong"
            return
        if number % self.every == 0:
            yield from self._against(self.rows[table], dict(zip(self.columns[table], cells, strict=True)), f"{name}:{number}")
        for column in ("rules", "excluding", "members", "handle", "peers"):
            if column in self.columns[table] and not (column == "rules" and table in _COUNTED):
                for token in cells[self.columns[table].index(column)].split():
                    if token.rstrip(layout.MARKS) not in self.handles:
                        yield f"{name}:{number}: {token} is not in the index"

    def _blocks(self, name: str) -> Iterator[str]:
        names = []
        for title, lines in layout.blocks(self.snapshot.read(name)):
            names.append(title)
            head, _, rest = lines.partition(b"\n")
            yield from self._row(name, self.every, head[1:], "block")
            found = [line[2:].decode() for line in rest.split(b"\n") if line.startswith(b"##")]
            if tuple(found) != _SECTIONS:
                yield f"{name}: {title}: the sections are {', '.join(found)}"
            handles = layout.section(lines, "rules").split()
            if str(len(handles)) != head.split(b"\t")[1].decode() or not {one.decode() for one in handles} <= self.handles:
                yield f"{name}: {title}: its rules are not those that it counts"
            for section in ("events", "indicators", "exclusions"):
                last = sys.maxsize
                for number, line in enumerate(layout.section(lines, section).splitlines(), 1):
                    yield from self._row(f"{name}: {title} {section}", number, line, f"block {section}")
                    count = int(line.partition(b"\t")[0])
                    if count > last or (section != "events" and count != len(line.rpartition(b"\t")[2].split())):
                        yield f"{name}: {title} {section}:{number}: the count is wrong or out of order"
                    last = count
        if names != sorted(names):
            yield f"{name}: blocks not sorted"


def main(arguments: list[str]) -> int:
    """Checks the snapshot of a folder (the shipped one without); prints what is wrong; 0 or 1."""
    folder = Path(arguments[0]) if arguments else shipped()
    count = 0
    for problem in problems(folder):
        count += 1
        if count <= MOST:
            print(problem)
    print(f"{folder.as_posix()}: {count} problems" if count else f"{folder.as_posix()}: fine")
    return 1 if count else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
