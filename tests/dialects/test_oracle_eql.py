"""EQL against the `eql` package (AGPL: a development oracle, imported by nothing else).

What is compared, rule by rule: the multiset of (field, op, value, negated). Left out on both sides: what a function computes
(only that it is computed), and the order. `until` and `![…]` count as negated on both sides; `with runs=n` as one event.
"""

import contextlib
import fnmatch
import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.dialects.queries import eql as ours
from tests.dialects.elastic_corpus import queries, terms
from tests.shared import needs_shared

oracle = pytest.importorskip("eql", reason="the `oracle` dependency group is not installed")

pytestmark = [pytest.mark.oracle, needs_shared]
COMPUTED = "<computed>"
ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "==": "eq", "!=": "eq"}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
FUNCTIONS = {
    "startswith": "startswith",
    "endswith": "endswith",
    "stringcontains": "contains",
    "cidrmatch": "cidr",
    "match": "re",
}
Row = tuple[str, str, str, bool]


def plain(op: str, value: str) -> str:
    if op == "cidr":
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_network(value, strict=False))
    with contextlib.suppress(ValueError):
        return repr(float(value))
    return value


def shape(pattern: str) -> tuple[str, str]:
    """An independent reading of a pattern: which of the simple shapes is the same pattern?"""
    if not re.search(r"[*?]", pattern):
        return "eq", pattern
    for op, found in (("contains", r"\*+([^*?]+)\*+"), ("endswith", r"\*+([^*?]+)"), ("startswith", r"([^*?]+)\*+")):
        if inner := re.fullmatch(found, pattern, re.DOTALL):
            return op, inner[1]
    return ("exists", "") if set(pattern) == {"*"} else ("like", re.sub(r"\*+", "*", pattern))


def name(field: Any) -> str:
    ast = oracle.ast
    if isinstance(field, ast.FunctionCall) and field.name in ("string", "number") and isinstance(field.arguments[0], ast.Field):
        return name(field.arguments[0])
    if not isinstance(field, ast.Field):
        return COMPUTED
    return field.base + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in field.path)


def text(value: Any) -> str:
    ast = oracle.ast
    if isinstance(value, ast.Boolean):
        return str(value.value).lower()
    if isinstance(value, ast.String | ast.Number):
        return str(value.value)
    if isinstance(value, ast.MathOperation) and isinstance(value.right, ast.Number):
        return f"-{value.right.value}"
    return COMPUTED


def rows(node: Any, negated: bool = False) -> Iterator[Row]:
    ast = oracle.ast
    if isinstance(node, ast.And | ast.Or):
        for term in node.terms:
            yield from rows(term, negated)
    elif isinstance(node, ast.Not):
        yield from rows(node.term, not negated)
    elif isinstance(node, ast.IsNull | ast.IsNotNull):
        yield name(node.expr), "null" if isinstance(node, ast.IsNull) else "exists", "", negated
    elif isinstance(node, ast.InSet):
        for value in node.container:
            yield name(node.expression), "eq", text(value), negated
    elif isinstance(node, ast.Field):
        yield name(node), "eq", "true", negated
    elif isinstance(node, ast.Boolean):
        return
    elif isinstance(node, ast.Comparison):
        left, right, sign = node.left, node.right, node.comparator
        if isinstance(left, ast.Literal):
            left, right, sign = right, left, FLIPPED.get(sign, sign)
        yield name(left), ORDER[sign], text(right), negated != (sign == "!=")
    elif isinstance(node, ast.FunctionCall):
        for value in node.arguments[1:]:
            if node.name == "wildcard":
                yield name(node.arguments[0]), *shape(text(value)), negated
            else:
                yield name(node.arguments[0]), FUNCTIONS[node.name.lower()], text(value), negated
    else:
        raise AssertionError(repr(node))


def expected(query: str) -> Counter[Row]:
    parser = oracle.parser
    flags = (
        "elasticsearch_syntax",
        "ignore_missing_functions",
        "allow_runs",
        "allow_sample",
        "allow_negation",
        "skip_optimizations",
    )
    with contextlib.ExitStack() as stack:
        for flag in flags:
            stack.enter_context(getattr(parser, flag))
        first = parser.parse_query(query).first
    if isinstance(first, oracle.ast.EventQuery):
        events = [(first, False)]
    else:
        events = []
        for event in first.queries:
            if not ("runs" in query and events and event.query == events[-1][0]):
                events.append((event.query, bool(event.data and event.data.get("is_negated"))))
        if getattr(first, "close", None):
            events.append((first.close.query, True))
    return Counter((f, op, plain(op, v), n) for event, absent in events for f, op, v, n in rows(event.query, absent))


def actual(query: str) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for part in ours.parse(query).parts:
        for term, negated in terms(part.tree):
            field, value = term.field, term.value
            if term.derived:
                field = COMPUTED if re.search(r"[(+]|\s-\s", field) else field
                value = COMPUTED if value and not value.lstrip("-").isdigit() else value
            found[field, term.op, plain(term.op, value), negated] += 1
    return found


def test_predicates_equal_those_of_the_oracle() -> None:
    different = {query.name for query in queries("eql") if expected(query.text) != actual(query.text)}
    print(f"\nEQL: {len(queries('eql')) - len(different)} of {len(queries('eql'))} rules equal; different: {sorted(different)}")
    assert len(queries("eql")) == 1081
    assert len(different) <= 5


def test_the_independent_shape_is_one() -> None:
    for pattern in ("*a*", "a*", "*a", "a?c*", "a*b"):
        op, value = shape(pattern)
        if op == "like":
            assert fnmatch.translate(value) == fnmatch.translate(pattern)


FIELDS = st.sampled_from(["a", "b.c", "?d.e", "f_1.g[0]", "`h i`.j"])
LETTERS = st.text(st.sampled_from("abc*?\\./:- \"'é$"), min_size=1, max_size=8)
STRINGS = LETTERS.map(lambda value: '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
RAW = LETTERS.map(lambda value: '"""' + value.replace('"', "") + 'x"""')
LISTS = st.lists(STRINGS, min_size=1, max_size=3).map(lambda values: "(" + ", ".join(values) + ")")
COMPARISONS = st.one_of(
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["==", "!=", ":", "like", "like~", "regex", "regex~"]), STRINGS | RAW),
    st.builds("{} {} {}".format, FIELDS, st.sampled_from([":", "in", "in~", "not in", "not in~", "like", "like~"]), LISTS),
    st.builds("{} {} {}".format, FIELDS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-9, 99)),
    st.builds("{} {} {}".format, st.integers(0, 9), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), FIELDS),
    st.builds("{} {} null".format, FIELDS, st.sampled_from(["==", "!="])),
    st.builds(
        "{}({}, {})".format, st.sampled_from(["startsWith", "startsWith~", "endsWith~", "stringContains"]), FIELDS, STRINGS
    ),
    st.builds("{} == {}".format, FIELDS, st.sampled_from(["true", "false"])),
    st.builds("length({}) > {}".format, FIELDS, st.integers(0, 9)),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "AND"]), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or", "and /* x */"]), inner),
        st.builds("not ({})".format, inner),
        st.builds("not {}".format, COMPARISONS),
    ),
    max_leaves=8,
)
QUERIES = st.one_of(
    st.builds("{} where {}".format, st.sampled_from(["any", "process"]), CONDITIONS),
    st.builds("sequence by x with maxspan=5m [any where {}] [file where {}]".format, CONDITIONS, CONDITIONS),
)


@settings(max_examples=300, deadline=None)
@given(QUERIES)
def test_made_up_queries_equal_the_oracles(query: str) -> None:
    try:
        wanted = expected(query)
    except oracle.errors.EqlError:
        return  # more particular about types than the language's documentation
    assert actual(query) == wanted
