"""Branches, width and exclusions of condition trees, and their bounds."""

from __future__ import annotations

import time
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from linter.logic import MAX_BRANCHES, branches, exclusions, tree_branches, weakest, width
from linter.rule import And, Indicator, Node, Not, Or, Predicate, Rule, leaves
from linter.rule import Term as RuleTerm


def leaf(name: str, op: str = "eq", derived: bool = False, value: str = "v") -> RuleTerm:
    return RuleTerm(name, op, value, op, False, 0, 0, derived)


def rule(*trees: Node) -> Rule:
    return Rule("r.yml", "sigma", "sigma", "1", "t", 0, 0, trees=tuple(bound(tree) for tree in trees))


def bound(node: Node, negated: bool = False, excluded: bool = False) -> Node:
    """Terms made predicates, as the taxonomy does."""
    if isinstance(node, RuleTerm):
        return Predicate(
            node.field, node.op, node.value, negated, excluded, node.field, "exact",
            () if node.derived else (Indicator(node.field, node.op, node.value),), node.op, False, node.derived, False, 0, 0,
        )  # fmt: skip
    if isinstance(node, Not):
        return Not(bound(node.item, not negated, True), node.label)
    if isinstance(node, And | Or):
        return type(node)(tuple(bound(item, negated, excluded) for item in node.items), node.label)
    return node


def names(found: tuple[tuple[Predicate, ...], ...]) -> list[str]:
    return ["+".join(p.field for p in item) for item in found]


a, b, c, d = (leaf(name) for name in "abcd")


def test_branches_are_disjuncts_without_what_is_negated() -> None:
    found = branches(rule(And((a, Or((b, c)), Not(d)))))
    assert names(found.items) == ["a+b", "a+c"]
    assert found.complete


def test_even_parity_is_not_part_of_a_branch() -> None:
    assert names(branches(rule(And((a, Not(Not(b)))))).items) == ["a"]


def test_a_branch_that_is_only_negation_is_empty() -> None:
    assert branches(rule(Or((a, Not(b))))).items[1] == ()


def test_trees_hold_together() -> None:
    assert names(branches(rule(Or((a, b)), c)).items) == ["c+a", "c+b"]
    assert branches(rule()).items == ()


def test_branches_are_bounded_and_say_so() -> None:
    wide = And(tuple(Or(tuple(leaf(f"{i}.{j}") for j in range(30))) for i in range(30)))
    started = time.perf_counter()
    found = branches(rule(wide))
    assert len(found.items) == MAX_BRANCHES
    assert not found.complete
    assert time.perf_counter() - started < 1
    assert isclose(width(rule(wide)), 30 * 4.906890595608519)


def test_deep_trees_need_no_stack() -> None:
    node: Node = Predicate("a", "eq", "v", False, False, "a", "exact", (), "eq", False, False, False, 0, 0)
    for _ in range(50_000):
        node = And((Or((node,)),))
    deep = Rule("r", "sigma", "sigma", "", "", 0, 0, trees=(Not(node), node))
    assert branches(deep).complete
    assert width(deep) == 0
    assert weakest(deep, lambda _: 1.0)[0] == 1.0
    assert exclusions(deep) == ()  # the leaf says it is positive


def test_weakest_adds_and_takes_the_least() -> None:
    cost = {"a": 3.0, "b": 1.0, "c": 5.0, "d": 1.0}
    total, chosen = weakest(rule(And((a, Or((c, And((b, d)))), Not(c)))), lambda p: cost[p.field])
    assert total == 5.0
    assert [p.field for p in chosen] == ["a", "b", "d"]


def test_exclusions_are_clauses_with_their_labels() -> None:
    found = exclusions(rule(And((a, Not(Or((And((b, c), "filter_one"), Or((d, leaf("e")), "filter_two"))))))))
    assert [("+".join(p.field for p in clause.parts), clause.label, clause.alone) for clause in found] == [
        ("b+c", "filter_one", False),
        ("d", "filter_two", True),
        ("e", "filter_two", True),
    ]
    assert all(clause.whole for clause in found)


def test_presence_tests_and_computed_columns_are_never_exclusions() -> None:
    assert exclusions(rule(And((a, Not(leaf("b", "exists")), Not(leaf("c", "gt", derived=True)))))) == ()
    (clause,) = exclusions(rule(Not(And((leaf("b", "exists"), b)))))
    assert clause.alone
    (clause,) = exclusions(rule(Not(And((leaf("c", "gt", derived=True), b)))))
    assert not clause.alone
    assert [p.field for p in clause.rest] == ["c"]


def test_null_is_an_exclusion() -> None:
    (clause,) = exclusions(rule(And((a, Not(leaf("b", "null", value=""))))))
    assert clause.parts[0].op == "null"


def test_an_exception_to_an_exclusion_is_its_rest() -> None:
    (clause,) = exclusions(rule(And((a, Not(And((b, Not(c))))))))
    assert [p.field for p in clause.parts] == ["b"]
    assert [p.field for p in clause.rest] == ["c"]


def test_not_a_or_not_b_takes_away_both_together() -> None:
    (clause,) = exclusions(rule(Or((Not(a), Not(b)))))
    assert [p.field for p in clause.parts] == ["a", "b"]
    (clause,) = exclusions(rule(Or((Not(a), c))))
    assert [p.field for p in clause.rest] == ["c"]


def test_a_product_that_is_too_large_is_sampled_with_every_leaf() -> None:
    big = And(tuple(Or(tuple(leaf(f"{i}.{j}") for j in range(200))) for i in range(3)))
    found = exclusions(rule(And((a, Not(big)))))
    assert not any(clause.whole for clause in found)
    assert {p.field for clause in found for p in clause.parts} == {f"{i}.{j}" for i in range(3) for j in range(200)}


trees = st.recursive(
    st.sampled_from([a, b, c, d]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda items: And(tuple(items))),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: Or(tuple(items))),
        inner.map(Not),
    ),
    max_leaves=12,
)


@given(trees)
def test_every_positive_leaf_is_in_a_branch_and_every_negated_one_in_a_clause(tree: Node) -> None:
    one = rule(tree)
    found = branches(one)
    assert found.complete
    assert round(2 ** width(one)) == len(found.items)
    inside = {id(p) for item in found.items for p in item}
    assert inside == {id(p) for p in leaves(one.trees[0]) if isinstance(p, Predicate) and not p.excluded}
    clauses = exclusions(one)
    assert {p.field for clause in clauses for p in clause.parts} == {p.field for p in one.predicates() if p.negated}


@given(trees)
def test_weakest_is_the_least_of_all_branches(tree: Node) -> None:
    cost = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 5.0}
    one = rule(tree)
    total, chosen = weakest(one, lambda p: cost[p.field])
    assert total == min(sum(cost[p.field] for p in item) for item in branches(one).items)
    assert sum(cost[p.field] for p in chosen) == total
    assert tree_branches(one.trees[0]).items == branches(one).items
