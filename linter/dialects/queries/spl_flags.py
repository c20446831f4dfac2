"""Columns that only say which condition held: `eval hit=if(match(a,"x"),1,0) | where hit=1` looks for `match(a,"x")`.

A choice is what `if(…)` or `case(…)` makes of constants. A later comparison of its column with a constant is replaced by the
conditions under which it holds, where these can be told.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from linter.dialects.queries.core import conjunction, disjunction
from linter.rule import And, Node, Not, Or, Term, leaves

MAX_BRANCHES = 40
MAX_LEAVES = 400  # of a choice's conditions, choices in them put in
MAX_PUT_IN = 5_000
_ORDER = ("gt", "gte", "lt", "lte")


class Choice(NamedTuple):
    """`branches`: (condition, constant) in order; `default` the constant of the rest. A constant is None for null()."""

    branches: tuple[tuple[Node, str | None], ...]
    default: str | None

    def size(self) -> int:
        """How many leaves its conditions have; more than MAX_LEAVES are not counted."""
        every = (leaf for condition, _ in self.branches for leaf in leaves(condition))
        return sum(1 for _ in islice(every, MAX_LEAVES + 1))

    def bearable(self) -> bool:
        """Whether its conditions are few enough to be put in again and again."""
        return len(self.branches) <= MAX_BRANCHES and self.size() <= MAX_LEAVES

    def where(self, term: Term) -> Node | None:
        """The conditions under which a comparison of the column holds; None where all or none do, or it can't be told."""
        wanted = [_holds(term, value) for _, value in self.branches]
        rest = _holds(term, self.default)
        if rest is None or None in wanted or all(wanted) == any(wanted) == rest:
            return None
        conditions = [condition for condition, _ in self.branches]
        if not rest and all(wanted[: sum(map(bool, wanted))]):  # the first ones: any of their conditions
            return disjunction(conditions[: sum(map(bool, wanted))])
        if rest and not any(wanted[: wanted.count(False)]):  # the last ones: none of those before
            return Not(disjunction(conditions[: wanted.count(False)]) or And(()))
        items: list[Node | None] = []
        for at, holds in enumerate([*wanted, rest]):
            if holds:
                own = [conditions[at]] if at < len(conditions) else []
                items.append(conjunction([*own, *(Not(condition) for condition in conditions[:at])]))
        return disjunction(items)


def _holds(term: Term, value: str | None) -> bool | None:
    """Whether a comparison holds for a constant; None where that can't be told."""
    if term.op in ("exists", "null"):
        return (value is None) == (term.op == "null")
    if value is None:
        return False
    if term.op == "eq":
        return value.lower() == term.value.lower()
    if term.op in _ORDER:
        try:
            left, right = float(value), float(term.value)
        except ValueError:
            return None
        return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[term.op]
    return None


class Resolver:
    """Puts conditions in for the columns of choices; stops when a query has grown by MAX_PUT_IN leaves."""

    def __init__(self) -> None:
        self.left = MAX_PUT_IN

    def resolved(self, node: Node, choices: dict[str, Choice]) -> Node:
        """A tree with the comparisons of choices' columns replaced by their conditions."""
        if isinstance(node, Term):
            choice = choices.get(node.field) if node.derived and self.left > 0 else None
            found = choice.where(node) if choice is not None else None
            if choice is None or found is None:
                return node
            self.left -= choice.size()
            return found
        if isinstance(node, Not):
            return Not(self.resolved(node.item, choices), node.label)
        if isinstance(node, And | Or):
            items = [self.resolved(item, choices) for item in node.items]
            made = conjunction(items) if isinstance(node, And) else disjunction(items)
            return node if made is None else made
        return node
