"""Trees of Terms → trees of Predicates: canonical names and values, polarity by parity, offsets in the rule's own file."""

from __future__ import annotations

from linter.rule import GROUPS, Event, Indicator, Node, Not, Predicate, Term
from linter.source import Embedded
from linter.taxonomy import fields, values

_new = tuple.__new__  # half the time of Predicate(…), once for every value of every rule


def predicates(
    tree: Node, vendor: str, events: tuple[Event, ...], sources: tuple[str, ...] = (), place: Embedded | None = None
) -> Node:
    """The same tree with every Term made a Predicate. `place` maps the terms' offsets into the file (None: they are there)."""
    return _Normaliser(vendor, fields.scopes(events, sources), place).walk(tree, False, False)


class _Normaliser:
    """One tree on its way; `meanings` keeps what its fields mean."""

    __slots__ = ("meanings", "place", "vendor", "words")

    def __init__(self, vendor: str, words: tuple[str, ...], place: Embedded | None) -> None:
        self.vendor = vendor
        self.words = words
        self.place = place
        self.meanings: dict[str, fields.Mapped] = {}

    def walk(self, node: Node, negated: bool, excluded: bool) -> Node:
        if isinstance(node, Term):
            return self.leaf(node, negated, excluded)
        if isinstance(node, GROUPS):
            leaf, walk = self.leaf, self.walk
            return type(node)(
                tuple(
                    [
                        leaf(item, negated, excluded) if type(item) is Term else walk(item, negated, excluded)
                        for item in node.items
                    ]
                ),
                node.label,
            )
        if isinstance(node, Not):
            return Not(self.walk(node.item, not negated, True), node.label)
        return node

    def leaf(self, term: Term, negated: bool, excluded: bool) -> Predicate:
        field, op, value, native, cased, start, end, derived, listed = term
        if self.place is not None:
            start, end = self.place.at(start), self.place.end(start, end)
        indicators: tuple[Indicator, ...]
        if derived:
            canonical, mapping, indicators = field, "native", ()
        else:
            mapped = self.meanings.get(field)
            if mapped is None:
                mapped = self.meanings[field] = fields.lookup(self.vendor, field, self.words)
            canonical, part, mapping, _ = mapped
            if listed:
                canonical = values.with_part(canonical, part)
                indicators = (Indicator(canonical, op, value.lower()),)
            else:
                canonical, indicators = values.canonical(canonical, part, op, value)
        return _new(
            Predicate,
            (field, op, value, negated, excluded, canonical, mapping, indicators, native, cased, derived, listed, start, end),
        )
