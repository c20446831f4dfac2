"""Near-copies: the quick way finds the pairs that comparing everything with everything finds."""

from __future__ import annotations

import time
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from linter.catalog.copies import Member, families
from linter.catalog.model import near, telling
from linter.rule import Indicator

words = st.sampled_from("abcdefghijkl")
sets = st.frozensets(st.tuples(st.sampled_from(["CommandLine", "Image.name"]), words), max_size=22)
members = st.lists(st.tuples(sets, st.sampled_from(["x/a", "y/b"])), max_size=14)


def member(number: int, indicators: frozenset[tuple[str, str]], cls: str = "x/a", names: tuple[str, ...] = ()) -> Member:
    made = tuple(sorted(Indicator(field, "eq", value) for field, value in indicators))
    return Member(f"s{number:04d}", f"id{number}", (cls,), made, names)


@given(members)
def test_the_same_families_as_by_brute_force(items: list[tuple[frozenset[tuple[str, str]], str]]) -> None:
    rules = [member(number, indicators, cls) for number, (indicators, cls) in enumerate(items)]
    parent = {rule.handle: rule.handle for rule in rules}

    def root(handle: str) -> str:
        while parent[handle] != handle:
            handle = parent[handle]
        return handle

    for left, right in combinations(rules, 2):
        if left.classes == right.classes and near(telling(left.indicators), telling(right.indicators)):
            low, high = sorted((root(left.handle), root(right.handle)))
            parent[high] = low
    roots = [root(rule.handle) for rule in rules]
    wanted = {rule.handle: one for rule, one in zip(rules, roots, strict=True) if roots.count(one) > 1}
    assert families(rules) == wanted


def test_naming_another_rule_makes_a_family() -> None:
    rules = [member(1, frozenset({("Image.name", "a")})), member(2, frozenset({("Image.name", "b")}), names=("id1",))]
    assert families(rules) == {"s0001": "s0001", "s0002": "s0001"}


def test_selectors_and_presence_do_not_make_a_copy() -> None:
    only = (Indicator("EventID", "eq", "4688"), Indicator("User", "exists", ""))
    assert families([Member("s1", "1", ("c",), only, ()), Member("s2", "2", ("c",), only, ())]) == {}


def test_a_long_common_list_does_not_make_two_rules_one() -> None:
    common = [("Image.name", word) for word in "abcdefghijklmnopqrstuvwxyz"]
    excel, word = ([*common, ("ParentImage.name", name)] for name in ("excel.exe", "winword.exe"))
    assert families([member(1, frozenset(excel)), member(2, frozenset(word))]) == {}


def test_many_copies_are_quick() -> None:
    same = frozenset(("Image.name", word) for word in "abc")
    rules = [member(number, same) for number in range(5000)]
    started = time.perf_counter()
    assert set(families(rules).values()) == {"s0000"}
    assert time.perf_counter() - started < 2
