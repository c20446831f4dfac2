"""Trees of Terms → trees of Predicates: canonical names and values, polarity by parity, offsets in the rule's own file."""

from __future__ import annotations

from linter.rule import And, Event, Indicator, Mapping, Node, Not, Or, Predicate, Term
from linter.source import Embedded
from linter.taxonomy import fields, values


def predicates(
    tree: Node, vendor: str, events: tuple[Event, ...], sources: tuple[str, ...] = (), place: Embedded | None = None
) -> Node:
    """The same tree with every Term made a Predicate. `place` maps the terms' offsets into the file (None: they are there)."""
    words = fields.scopes(events, sources)

    def leaf(term: Term, negated: bool, excluded: bool) -> Predicate:
        field, op, value, native, cased, start, end, derived, listed = term
        if place is not None:
            start, end = place.at(start), place.end(start, end)
        canonical = field
        mapping: Mapping = "native"
        indicators: tuple[Indicator, ...] = ()
        if not derived:
            canonical, part, mapping, _ = fields.lookup(vendor, field, words)
            if listed:
                canonical = values.with_part(canonical, part)
                indicators = (Indicator(canonical, op, value.lower()),)
            else:
                canonical, indicators = values.canonical(canonical, part, op, value)
        return Predicate(
            field, op, value, negated, excluded, canonical, mapping, indicators, native, cased, derived, listed, start, end
        )  # fmt: skip

    def walk(node: Node, negated: bool, excluded: bool) -> Node:
        if isinstance(node, Term):
            return leaf(node, negated, excluded)
        if isinstance(node, Not):
            return Not(walk(node.item, not negated, True), node.label)
        if isinstance(node, And | Or):
            return type(node)(tuple([walk(item, negated, excluded) for item in node.items]), node.label)
        return node

    return walk(tree, False, False)
