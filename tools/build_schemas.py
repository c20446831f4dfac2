"""Makes linter/taxonomy/data/schemas.tsv (class → canonical fields) and columns.tsv (Kusto table → columns).

    python tools/build_schemas.py ../shared

The schemas are event_schemas_by_hand.tsv beside this script; a class that is not in it gets the fields that at least two
rules of the corpora (`../shared/corpora/2026-08`) use with it, which only says what is usual. Columns are facts from
kusto_tables.json (Azure-Sentinel, MIT; pysigma-backend-kusto) for the tables that a public rule reads.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "taxonomy")]
DATA = ROOT / "linter" / "taxonomy" / "data"
HAND = Path(__file__).with_name("event_schemas_by_hand.tsv")


def main(shared: Path) -> None:
    """Writes both tables."""
    from measure import rules

    from linter.dialects import registry
    from linter.taxonomy import schemas

    full = dict(line.split("\t") for line in HAND.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    tables: set[str] = set()
    raw: set[str] = set()
    known = json.loads((shared / "data" / "kusto_tables.json").read_text(encoding="utf-8"))
    by_lower = {name.lower(): name for name in known}
    for vendor in registry.NAMES:
        for rule in rules(vendor, shared / "corpora" / "2026-08" / vendor):
            fields = {
                schemas.base(p.canonical) for p in rule.predicates() if p.canonical and not p.derived and p.mapping != "assumed"
            }
            for cls in rule.classes if len(rule.classes) == 1 else ():
                seen[cls].update(fields)
            if vendor == "kusto":
                text = Path(rule.path).read_text(encoding="utf-8", errors="replace").lower()
                tables.update(name for low, name in by_lower.items() if low in text)
    lines = [f"windows\traw\t{' '.join(sorted(name for name in raw if ' ' not in name))}"]
    lines += [f"{cls}\tfull\t{' '.join(sorted(set(text.split())))}" for cls, text in sorted(full.items())]
    for cls, counts in sorted(seen.items()):
        usual = sorted(field for field, count in counts.items() if count >= 2 and " " not in field and "\t" not in field)
        if cls in full:
            lines = [_joined(line, usual) if line.startswith(f"{cls}\t") else line for line in lines]
        elif len(usual) >= 2:
            lines.append(f"{cls}\tseen\t{' '.join(usual)}")
    head = (
        "# Fields of event classes: class, `full` (documented; other usual ones added), `seen` (only what rules use) or `raw`\n"
        "# (names of event fields as Windows has them), fields. Made by tools/build_schemas.py.\n"
    )
    (DATA / "schemas.tsv").write_text(head + "\n".join(sorted(lines)) + "\n", encoding="utf-8")
    columns = [f"{name}\t{' '.join(sorted(known[name]))}" for name in sorted(tables) if len(known[name]) >= 3]
    head = "# Columns of Kusto tables: Azure-Sentinel (MIT), pysigma-backend-kusto. Made by tools/build_schemas.py.\n"
    (DATA / "columns.tsv").write_text(head + "\n".join(columns) + "\n", encoding="utf-8")
    for name in ("schemas.tsv", "columns.tsv"):
        print(name, (DATA / name).stat().st_size // 1000, "kB", len((DATA / name).read_text(encoding="utf-8").splitlines()))


def _joined(line: str, usual: list[str]) -> str:
    cls, kind, fields = line.split("\t")
    return f"{cls}\t{kind}\t{' '.join(sorted({*fields.split(), *usual}))}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
