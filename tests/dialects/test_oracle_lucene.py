"""Lucene against `luqum`: the multiset of (field, value as written, negated), for the corpus and for made-up queries."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import lucene as ours
from tests.dialects.elastic_corpus import queries, terms
from tests.shared import needs_shared

luqum_tree = pytest.importorskip("luqum.tree", reason="the `oracle` dependency group is not installed")

pytestmark = pytest.mark.oracle
Row = tuple[str, str, bool]


def rows(node: Any, field: str = "", negated: bool = False) -> Iterator[Row]:
    tree = luqum_tree
    if isinstance(node, tree.SearchField):
        yield from rows(node.expr, node.name, negated)
    elif isinstance(node, tree.Not | tree.Prohibit):
        yield from rows(node.a, field, not negated)
    elif isinstance(node, tree.Term):
        yield field, str(node).strip().strip('"/'), negated
    elif isinstance(node, tree.Range):
        for bound in (node.low, node.high):
            if str(bound) != "*":
                yield field, str(bound).strip(), negated
    else:
        for child in node.children:
            yield from rows(child, field, negated)


def expected(text: str) -> Counter[Row]:
    from luqum.parser import parser

    return Counter(rows(parser.parse(text)))


def actual(text: str) -> Counter[Row]:
    found: Counter[Row] = Counter()
    before, after = {"endswith": "*", "contains": "*"}, {"startswith": "*", "contains": "*"}
    for part in ours.parse(text).parts:
        found.update((t.field, f"{before.get(t.op, '')}{t.value}{after.get(t.op, '')}", n) for t, n in terms(part.tree))
    return found


@needs_shared
def test_the_corpus() -> None:
    for query in queries("lucene"):
        assert actual(query.text) == expected(query.text), query.name


VALUES = st.sampled_from(["x", "y-z", "x*", "*y", "*q*", "a?b", '"p q"', '"r"', "/s[0-9]+/", "[1 TO 5]", "{2 TO *]", "10"])
LEAVES = st.builds("{}:{}".format, st.sampled_from(["a", "b.c", "d_e"]), VALUES)
GROUPS = st.builds(
    "f:({} {} {})".format, *[st.sampled_from(["x", '"p q"', "y*"]), st.sampled_from(["OR", "AND"]), st.sampled_from("uvw")]
)
CONDITIONS = st.recursive(
    LEAVES | GROUPS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["OR", "AND", "AND NOT"]), inner),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_made_up_queries_equal_the_oracles(query: str) -> None:
    assert actual(query) == expected(query)
