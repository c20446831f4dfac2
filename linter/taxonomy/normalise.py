"""Trees of Terms → trees of Predicates: canonical names and values, polarity by parity, offsets in the rule's own file."""

from __future__ import annotations

from linter.rule import And, Event, Indicator, Node, Not, Or, Predicate, Term
from linter.source import Embedded


def predicates(
    tree: Node, vendor: str, events: tuple[Event, ...], sources: tuple[str, ...] = (), place: Embedded | None = None
) -> Node:
    """The same tree with every Term made a Predicate. `place` maps the terms' offsets into the file (None: they are there)."""

    def walk(node: Node, negated: bool, excluded: bool) -> Node:
        if isinstance(node, Term):
            start, end = (node.start, node.end) if place is None else (place.at(node.start), place.end(node.start, node.end))
            indicators = () if node.derived else (Indicator(node.field, node.op, node.value.lower()),)
            return Predicate(
                node.field, node.op, node.value, negated, excluded, node.field, "native", indicators,
                node.native, node.cased, node.derived, node.listed, start, end,
            )  # fmt: skip
        if isinstance(node, Not):
            return Not(walk(node.item, not negated, True), node.label)
        if isinstance(node, And | Or):
            return type(node)(tuple(walk(item, negated, excluded) for item in node.items), node.label)
        return node

    return walk(tree, False, False)
