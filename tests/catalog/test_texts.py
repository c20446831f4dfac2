"""texts.tsv: the same as counting the values, for every text that it knows and for those that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.catalog import texts
from linter.catalog.load import Catalog
from linter.catalog.snapshot import shipped
from tests.checks.corpus import catalog as build
from tests.filtered import filtered


def test_it_says_what_counting_says() -> None:
    catalog = Catalog.open(shipped())
    rows = [line.split("\t") for line in catalog.snapshots[0].read("texts.tsv").decode().splitlines()[1:]]
    assert len(rows) > 10
    for field, total, listed in rows:
        known = [text.replace("_", " ") for text in listed.split(" ")[::2]]
        others = [text[::-1] for text in known if len(text) == 3] + ["zqx", "use", "cl"]
        for text in (*known[::7], *others[::11]):
            found = catalog.holding(field, text)
            assert str(found[1]) == total
            assert catalog.often(field, text) == (found if texts.often(*found) else None), (field, text)
    assert catalog.often("CommandLine", " use ") is None
    assert catalog.often("CommandLine", "  e") is None  # counted
    assert catalog.often("CommandLine", "e ") == catalog.holding("CommandLine", "e ")
    assert catalog.often("No field", "use") is None


@pytest.mark.parametrize(("values", "held"), [(499, None), (500, (500, 500))])
def test_few_values_say_nothing(tmp_path: Path, values: int, held: tuple[int, int] | None) -> None:
    lines = [f"CommandLine|contains: [{', '.join(f'abx{n}' for n in range(start, min(start + 100, values)))}]"
             for start in range(0, values, 100)]  # fmt: skip
    catalog = Catalog.open(build(tmp_path, [filtered(number, line) for number, line in enumerate(lines)]))
    assert catalog.often("CommandLine", "bx") == held


def test_layers_are_counted_together(tmp_path: Path) -> None:
    def words(first: int, last: int) -> str:
        return filtered(first, f"CommandLine|contains: [{', '.join(f'abx{n}' for n in range(first, last))}]")

    one, two = build(tmp_path / "one", [words(0, 300)]), build(tmp_path / "two", [words(300, 600)])
    assert Catalog.open(one).often("CommandLine", "bx") is None
    assert Catalog.open(one, [two]).often("CommandLine", "bx") == (600, 600)


@given(st.text("ab /", max_size=9))
def test_every_piece_is_counted_once(value: str) -> None:
    size = len(value) + 1
    every = {value[start:end] for start in range(size) for end in range(start + 1, size)}
    wanted = {text for text in every if texts.IN_TABLE.fullmatch(text)}
    counted = texts.read(texts.row("x", [value] * texts.MANY) or "x\t0\ta 0")
    assert counted.keys() - {"a"} == wanted - {"a"}
    assert all(found == (texts.MANY, texts.MANY) for text, found in counted.items() if text in wanted)
