"""circles.tsv holds every circle of rules in which linting would find something to count, and few others."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from linter.catalog.customs import LEAST_CONSIDERED, Circle, cases
from linter.catalog.load import Catalog
from linter.catalog.model import CatalogRule
from linter.catalog.snapshot import shipped
from linter.taxonomy import attack
from tests.checks.corpus import catalog as build
from tests.filtered import filtered

BROWSER = ("Image|startswith: 'C:\\Program Files\\Google\\Chrome\\'",)


def drawn(cls: str, rules: list[CatalogRule]) -> set[Circle]:
    """Every circle that a rule with a technique or a program of these could draw."""
    techniques = {name for rule in rules for name in rule.techniques if not attack.children(name)}
    programs = {one.value for rule in rules for one in rule.indicators if one.field == "Image.name" and one.op == "eq"}
    return {Circle(cls), *(Circle(cls, name) for name in techniques), *(Circle(cls, program=name) for name in programs)}


def test_the_shipped_table_misses_no_circle_with_cases() -> None:
    catalog = Catalog.open(shipped())
    known = catalog.circles
    assert known is not None
    every = chain.from_iterable(drawn(cls, catalog.rules(catalog.event_class(cls).rules)) for cls in catalog.class_names())
    counted = {circle for circle in every if cases(catalog, circle)}
    there = {Circle(cls, *key) for cls, keys in known.items() for key in keys}
    assert counted <= there
    assert len(counted) > 50
    # What is there for nothing are circles of few rules, and such as agree on too small a part of them.
    assert len(there) < 3 * len(counted)


def test_small_circles_are_known_by_what_they_share(tmp_path: Path) -> None:
    fetch = "Image|endswith: '\\fetch.exe'"
    texts = [filtered(n, fetch, f"CommandLine|contains: 'word{n}'", filters=(BROWSER,) if n < 3 else ()) for n in range(12)]
    snapshot = build(tmp_path / "one", texts)
    catalog = Catalog.open(snapshot)
    (technique,) = {name for rule in catalog.every_rule() for name in rule.techniques}
    assert catalog.circles == {"process_creation/windows": {("", ""), (technique, ""), ("", "fetch.exe")}}
    assert len(catalog.event_class("process_creation/windows").rules) >= LEAST_CONSIDERED

    layer = build(tmp_path / "two", [filtered(90, fetch, "CommandLine|contains: 'other'", filters=(BROWSER,))])
    assert Catalog.open(layer).circles == {}
    assert Catalog.open(snapshot, [layer]).circles is None  # over two layers they are counted


@pytest.mark.parametrize("count", [2, 3])
def test_it_takes_three_independent_rules(tmp_path: Path, count: int) -> None:
    texts = [
        filtered(n, f"CommandLine|contains: 'word{n}'", f"Image|endswith: '\\p{n}.exe'", filters=(BROWSER,))
        for n in range(count)
    ]
    texts += [filtered(50, "CommandLine|contains: 'word0'", "Image|endswith: '\\p0.exe'", filters=(BROWSER,))]  # a copy
    assert bool(Catalog.open(build(tmp_path, texts)).circles) is (count == 3)
