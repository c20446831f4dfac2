"""What a build holds: little for each rule, and the same as if it held them all."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from linter.catalog import layout
from linter.catalog.aggregate import Written, gather
from linter.catalog.records import Record
from linter.catalog.records import record as make_record
from linter.catalog.store import Groups
from linter.dialects import sigma
from linter.rule import Indicator
from linter.source import Source
from tests.catalog.conftest import process, uuid

lists = st.lists(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=5), max_size=8)


@given(lists)
def test_inverting_tells_who_holds_what(held: list[list[tuple[int, int]]]) -> None:
    groups = Groups()
    for entries in held:
        groups.append([item << 2 | mark for item, mark in entries])
    inverted = groups.inverted(7, 2)
    for item in range(7):
        wanted = [(number, mark) for number, entries in enumerate(held) for other, mark in entries if other == item]
        assert [(entry >> 2, entry & 3) for entry in inverted[item]] == wanted
        assert inverted.has(item) == bool(wanted)


@given(st.lists(st.sampled_from(["cmd.exe", "CMD.exe", "Cmd.exe"]), min_size=1))
def test_the_commonest_spelling_wins_and_of_several_the_first(texts: list[str]) -> None:
    written = Written()
    written.add(0, "other", "Other")
    for text in texts:
        written.add(2, "cmd.exe", text)
    counts = Counter(texts)
    best = min(counts, key=lambda text: (-counts[text], text))
    assert written.commonest(2, "cmd.exe") == ("" if best == "cmd.exe" else best)
    assert (written.commonest(1, "x"), written.commonest(9, "x")) == ("", "")


def records(count: int) -> Iterator[Record]:
    """Rules with an id, a title and five indicators of their own each."""
    one = make_record(sigma.read(Source("a.yml", process(1))).rules[0], "rules/a.yml")
    for number in range(count):
        own = tuple(Indicator("CommandLine", "contains", f"some value of rule {number}, no. {at}") for at in range(5))
        rule = one.rule._replace(id=uuid(number), title=f"Rule {number}", indicators=own + one.rule.indicators)
        yield one._replace(key=f"sigma:{rule.id}", rule=rule, written=tuple((each, each.value.title()) for each in own))


def test_a_further_rule_takes_little_memory() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        gathered = gather(records(count))
        assert len(gathered.rules) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(200), peak(1400)
    assert (many - few) / 1200 < 2048  # bytes


def test_rules_that_share_an_id_get_handles_of_their_place() -> None:
    (one,) = records(1)
    gathered = gather([one, one, one])
    place = f"sigma:{one.rule.path}#{one.rule.title}"
    wanted = {layout.handle_stem("s", key) for key in (one.key, place, f"{place}#2")}
    assert len(wanted) == 3
    assert set(gathered.rules.handles) == wanted
    assert gathered.rules.families == [min(wanted)] * 3
    assert [rule.handle for rule in gathered.rules] == gathered.rules.handles == sorted(wanted)
