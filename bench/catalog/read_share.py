"""How long one rule's lint reads the snapshot: python bench/catalog/read_share.py RULE [SNAPSHOT]

Opens the catalog and asks what the checks ask for a rule: its event classes' tables, exclusions and families, the reach of
every indicator, who must not testify, and the rows of thirty neighbours. Prints wall and processor milliseconds, best of
twenty (each with a catalog of its own; the files are in the system's cache after the first).
"""

from __future__ import annotations

import sys
import time

from linter import discover
from linter.catalog.load import Catalog
from linter.catalog.model import positives
from linter.dialects import registry
from linter.rule import Rule


def ask(rule: Rule, snapshot: str | None) -> tuple[int, int]:
    """Asks a catalog of its own; (rules of the largest class, bytes read)."""
    catalog = Catalog.open(snapshot)
    related = catalog.related_to(rule)
    largest = 0
    for cls in rule.classes:
        table = catalog.event_class(cls)
        largest = max(largest, len(table.rules))
        table.families(exclude=related)
        for _ in table.exclusions(minimum=2, exclude=related):
            pass
        catalog.rules(table.rules[:30])
    for technique in rule.techniques:
        for _ in catalog.technique(technique.id).exclusions(exclude=related):
            pass
    for indicator in positives(rule):
        catalog.reach(indicator, exclude=related)
    read = sum(len(data) for one in catalog.snapshots for data in one._read.values())
    return largest, read


def main() -> None:
    look = discover.look(sys.argv[1])
    assert look.source is not None
    rule = registry.dialect(look.dialect).read(look.source).rules[0]
    snapshot = sys.argv[2] if len(sys.argv) > 2 else None
    walls, cpus = [], []
    for _ in range(20):
        wall, cpu = time.perf_counter(), time.process_time()
        largest, read = ask(rule, snapshot)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(
        f"{rule.title}: class of {largest:,} rules, {read / 1e6:.1f} MB read; "
        f"wall {min(walls) * 1000:.1f} ms, processor {min(cpus) * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
