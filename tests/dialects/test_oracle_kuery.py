"""Kuery against `kibana-ql` (its grammar is Kibana's). Compared, rule by rule: the multiset of (field, op, value, negated)."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import kuery as ours
from linter.rule import pattern_text
from tests.dialects.elastic_corpus import Query, queries, terms
from tests.shared import needs_shared

kibana_ql = pytest.importorskip("kibana_ql", reason="the `oracle` dependency group is not installed")

pytestmark = [pytest.mark.oracle, needs_shared]
ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
Row = tuple[str, str, str, bool]


def leaf(field: str, value: str | tuple[str, ...], negated: bool) -> Row | None:
    """A quoted value is a string, an unquoted one a tuple of words; `*` is a wildcard in the latter."""
    if isinstance(value, str) or "*" not in (whole := re.sub(r"\*+", "*", " ".join(value))):
        op, text = "eq", value if isinstance(value, str) else " ".join(value)
    elif set(whole) == {"*"}:
        op, text = "exists", ""
    elif inner := re.fullmatch(r"(\*)?([^*]+)(\*)?", whole, re.DOTALL):
        op, text = ("contains" if inner[3] else "endswith") if inner[1] else "startswith", inner[2]
    else:
        op, text = "like", pattern_text((char == "*", char) for char in whole)
    if op == "eq" and re.fullmatch(r"[\d.]+/\d+|[\da-fA-F:]*:[\da-fA-F:.]*/\d+", text):
        op = "cidr"
    if not field:
        return None if op == "exists" else ("", "keyword", text, negated)
    return field, op, text, negated


def rows(node: Any, field: str = "", negated: bool = False, prefix: str = "") -> Iterator[Row]:
    if isinstance(node, str | tuple):
        found = leaf(field, node, negated)
        if found is not None:
            yield found
    elif node.get("op") == "not":
        yield from rows(node["expr"], field, not negated, prefix)
    elif node.get("op") in ("and", "or"):
        for item in (node.get("left"), node.get("right"), *node.get("exprs", ())):
            if item is not None:
                yield from rows(item, field, negated, prefix)
    elif node.get("op") in ORDER:
        value = node["value"]
        yield prefix + node["field"], ORDER[node["op"]], value if isinstance(value, str) else " ".join(value), negated
    else:
        value = node["value"]
        name = prefix + node["field"] if "field" in node else field
        nested = isinstance(value, dict) and has_fields(value)  # `name: {field: value}`
        yield from rows(value, name, negated, f"{name}." if nested else prefix)


def has_fields(node: Any) -> bool:
    """Whether conditions, not mere values, stand below."""
    if not isinstance(node, dict):
        return False
    return "field" in node or any(has_fields(item) for item in (*node.values(), *node.get("exprs", ())))


def expected(parser: Any, text: str) -> Counter[Row]:
    # its visitor sees a `not` only before one blank
    single = re.sub(r"\b(not)\s+", r"\1 ", text.strip(), flags=re.IGNORECASE)
    return Counter(rows(parser.ast(parser.parse(single))))


def actual(text: str) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for part in ours.parse(text).parts:
        found.update(
            (t.field, t.op, " ".join(t.value.split()) if t.op == "keyword" else t.value, n) for t, n in terms(part.tree)
        )
    return found


def compare(every: tuple[Query, ...]) -> tuple[list[str], list[str]]:
    parser = kibana_ql.KqlParser()
    different, refused = [], []
    for query in every:
        try:
            wanted = expected(parser, query.text)
        except Exception:  # it has no one error of its own
            refused.append(query.name)
            continue
        if wanted != actual(query.text):
            different.append(query.name)
    return different, refused


def test_predicates_equal_those_of_the_oracle() -> None:
    every = queries("kuery") + queries("threat")
    different, refused = compare(every)
    print(f"\nkuery: {len(every)} queries, refused by the oracle {refused}, different {different}")
    assert len(queries("kuery")) == 792
    assert len(different) <= 0.01 * len(every)


QUOTED = st.text(st.sampled_from("abc*?./:- (é$"), min_size=1, max_size=8).map(lambda value: f'"a{value}b"')
WORDS = st.text(st.sampled_from("xyz*?./-$é"), min_size=1, max_size=8)
VALUES = QUOTED | WORDS | st.sampled_from(["C\\:\\\\x", "\\(a\\)"])
FIELDS = st.sampled_from(["a", "b.c", "d.*", "e-f"])
LISTS = st.recursive(
    VALUES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["or", "and", "OR"]), inner) | st.builds("not {}".format, VALUES)
    ),
    max_leaves=5,
)
CONDITIONS = st.recursive(
    st.one_of(
        st.builds("{}{}{}".format, FIELDS, st.sampled_from([":", " : ", ": "]), VALUES),
        st.builds("{}:({} or {})".format, FIELDS, LISTS, LISTS),
        st.builds("{} {} {}".format, FIELDS, st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 99)),
        st.builds("{}:{{ {}:{} }}".format, FIELDS, FIELDS, VALUES),
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "AND"]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_made_up_queries_equal_the_oracles(query: str) -> None:
    parser = kibana_ql.KqlParser() if not PARSERS else PARSERS[0]
    PARSERS[:] = [parser]
    try:
        wanted = expected(parser, query)
    except Exception:  # its visitor fails on some trees
        return
    assert actual(query) == wanted


PARSERS: list[Any] = []
