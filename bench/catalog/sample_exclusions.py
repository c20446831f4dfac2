"""Draws exclusions at random, for reading by eye: python bench/catalog/sample_exclusions.py [NUMBER [SEED [SNAPSHOT]]]

Prints tab-separated: vendor, rule id, title, field, op, value, kind, class, and what the rule looks for, for the reader.
The verdicts are in exclusions-read.tsv.
"""

from __future__ import annotations

import random
import sys

from linter.catalog.layout import escape
from linter.catalog.load import Catalog


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20260805
    catalog = Catalog.open(sys.argv[3] if len(sys.argv) > 3 else None)
    every = [(rule, leaf) for rule in catalog.every_rule() for leaf in rule.excluded]
    for rule, leaf in random.Random(seed).sample(every, number):
        looks = "; ".join(f"{one.field} {one.op} {one.value[:30]}" for one in rule.indicators[:5])
        cells = (rule.vendor, rule.id, rule.title, *leaf.indicator, leaf.kind, leaf.cls, looks)
        print("\t".join(map(escape, cells)))


if __name__ == "__main__":
    main()
