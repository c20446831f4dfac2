"""The events and the condition of a YARA-L 2.0 rule (or of one of its stages) → a condition tree for each event variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from linter.dialects.queries.core import Part, Query, Token, conjunction, disjunction
from linter.dialects.queries.yaral_events import EVENT, Expressions, Value, variable
from linter.rule import And, Node, Not, Or, OrgList, Term, leaves

Spans: TypeAlias = tuple[tuple[str, int, int], ...]


def ended(tokens: list[Token]) -> list[Token]:
    """Tokens with an "end" token behind them."""
    end = tokens[-1].end if tokens else 0
    return [*tokens, Token("end", "", end, end)]


def query(sections: dict[str, list[Token]], made: frozenset[str] = frozenset()) -> tuple[Query, Spans]:
    """The trees of the tokens of each section, and where each event variable's statements stand.

    `made` are the variables that name earlier stages: what is read of them is computed. QueryError when it can't be read.
    """
    events = Expressions(ended(sections.get("events", [])))
    statements = events.statements()
    condition = Expressions(ended(sections.get("condition", [])), condition=True)
    final = conjunction([node for node, _, _ in condition.statements()])
    absent, rest = _of_condition(final)
    bound = _Bound(events.bound)
    groups: dict[str, list[Node]] = {}
    joined: dict[str, str] = {}

    def group(name: str) -> str:
        while joined.get(name, name) != name:
            name = joined[name]
        return name

    for node, _, _ in statements:
        if node is None:
            continue
        names = list(dict.fromkeys(bound.variable(term.field) for term in leaves(node) if isinstance(term, Term)))
        first = group(names[0])
        groups.setdefault(first, [])
        for other in map(group, names[1:]):  # one statement on two events: they are one tree
            if other != first:
                joined[other] = first
                groups[first].extend(groups.pop(other, []))
        groups[first].append(bound.resolved(node))
    present = [name for name in groups if name not in absent]
    if rest is not None and present:
        groups[present[0]].append(bound.resolved(rest))
    parts: list[Part] = []
    for of, nodes in groups.items():
        tree = conjunction(nodes)
        if tree is not None:
            graph = any(isinstance(term, Term) and term.field.startswith("graph.") for term in leaves(tree))
            source = f"{'graph' if graph else 'udm'}:{of or '$'}"
            tree = computed(tree) if of in made else tree
            parts.append(Part(Not(tree) if of in absent else tree, (source,)))
    return Query(tuple(parts), tuple(_lists(parts))), _spans(sections.get("events", []), statements)


def computed(node: Node) -> Node:
    """The same tree with every term marked as derived."""
    if isinstance(node, Term):
        return node._replace(derived=True)
    if isinstance(node, Not):
        return Not(computed(node.item), node.label)
    return type(node)(tuple(map(computed, node.items)), node.label) if isinstance(node, And | Or) else node


class _Bound:
    """Placeholders resolved to the fields that they were bound to."""

    def __init__(self, bound: dict[str, Value]) -> None:
        self.bound = bound

    def value(self, name: str) -> Value | None:
        """What a placeholder stands for; None when it is bound to no field."""
        value = self.bound.get(name)
        for _ in range(8):
            if value is None or value.kind != "variable":
                return value
            value = self.bound.get(value.text)
        return None

    def variable(self, field: str) -> str:
        """The event variable of a Term's field; "" for none."""
        of = variable(field)
        if of == field and of:
            value = self.value(of)
            return variable(value.text) if value is not None else ""
        return of

    def resolved(self, node: Node) -> Node:
        """The same tree, the fields without their variables."""
        if isinstance(node, Not):
            return Not(self.resolved(node.item), node.label)
        if isinstance(node, And | Or):
            return type(node)(tuple(self.resolved(item) for item in node.items), node.label)
        if not isinstance(node, Term):
            return node
        of = variable(node.field)
        if of != node.field:
            return node._replace(field=_path(node.field, of))
        value = self.value(of)
        if value is None:  # an outcome, or bound nowhere
            return node._replace(field=of[1:], derived=True)
        prefix = variable(value.text)
        derived = node.derived or value.kind == "computed"
        field = _path(value.text, prefix) if prefix != value.text else value.text[1:]
        return node._replace(field=field, derived=derived, cased=node.cased and not value.folded)


def _path(field: str, of: str) -> str:
    """A field without its variable, and without `udm`, the source that is meant where none is named."""
    return (field[len(of) + 1 :] if of else field).removeprefix("udm.")


def _of_condition(node: Node | None) -> tuple[set[str], Node | None]:
    """The event variables that must be absent, and what the condition says of computed values."""
    if node is None:
        return set(), None
    present: set[str] = set()
    absent: set[str] = set()

    def walk(at: Node, negated: bool) -> Node | None:
        if isinstance(at, Term):
            if at.native != EVENT:
                return at
            (absent if negated else present).add(at.field)
            return None
        if isinstance(at, Not):
            item = walk(at.item, not negated)
            return None if item is None else Not(item)
        if isinstance(at, And | Or):
            items = [walk(item, negated) for item in at.items]
            return conjunction(items) if isinstance(at, And) else disjunction(items)
        return None

    rest = walk(node, False)
    return absent - present, rest


def _lists(parts: list[Part]) -> Iterator[OrgList]:
    """The reference lists consulted, with their polarity."""
    stack = [(part.tree, False) for part in reversed(parts)]
    while stack:
        node, negated = stack.pop()
        if isinstance(node, Not):
            stack.append((node.item, not negated))
        elif isinstance(node, And | Or):
            stack.extend((item, negated) for item in reversed(node.items))
        elif isinstance(node, Term) and node.listed:
            yield OrgList(node.value, negated, node.start, node.end)


def _spans(tokens: list[Token], statements: list[tuple[Node | None, int, int]]) -> Spans:
    """From the first to the last statement that names an event variable."""
    out: dict[str, tuple[int, int]] = {}
    at = 0
    for _, start, end in statements:
        while at < len(tokens) and tokens[at].start < end:
            token = tokens[at]
            if token.kind == "field" and "." in token.text:
                name = variable(token.text)
                out[name] = (out.get(name, (start, end))[0], end)
            at += 1
    return tuple((name, start, end) for name, (start, end) in out.items())
