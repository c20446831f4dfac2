"""What a rule's condition trees say: its branches (ways to match) and its exclusions, both bounded, without recursion.

    branches(rule)      the disjuncts, each a tuple of positive predicates; nothing under a NOT is in them
    width(rule)         log2 of the number of disjuncts, computed without expanding them
    matches_by(tree, …) whether a tree has a branch of nothing but some predicates, found without expanding
    weakest(rule, cost) the disjunct of the least summed cost, found without expanding: AND adds, OR takes the least
    exclusions(rule)    clauses: what a NOT takes away, each a conjunction of leaves
    predicates(rule)    every predicate, in order

The trees of a rule with several queries (a sequence, a join) hold together: a branch takes one way through each of them.
Computed columns (`derived`) stay in branches, as predicates that have no indicators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from math import log2
from typing import NamedTuple, TypeVar

from linter.rule import GROUPS, And, Node, Not, Or, Predicate, Rule, Term

MAX_BRANCHES = 512
MAX_CLAUSES = 8192  # value lists of filters run to thousands; products of them are sampled past this
MAX_CELLS = 200_000  # predicates held in one expansion
T = TypeVar("T")


def once_a_rule(function: Callable[[Rule], T]) -> Callable[[Rule], T]:
    """Keeps what a function made of the last rule: checks take one rule after another, and many ask the same of it.

    What is kept is shared: nobody may change it.
    """
    last: tuple[Rule, T] | None = None

    @wraps(function)
    def kept(rule: Rule) -> T:
        nonlocal last
        known = last
        if known is None or known[0] is not rule:
            known = last = rule, function(rule)
        return known[1]

    return kept


class Branches(NamedTuple):
    """The ways in which a rule matches; `complete` is false when there are more than are listed."""

    items: tuple[tuple[Predicate, ...], ...]
    complete: bool


class Clause(NamedTuple):
    """One conjunction that a rule takes away.

    `parts` are the leaves that are excluded: negated, neither a presence test nor on a computed column; never empty.
    `rest` are the other conditions of the conjunction: presence tests, computed columns, leaves back at even parity
    (an exception to the exclusion). `label` is the name of the selection, else "". `whole` is false when the negation has
    too many combinations, of which this is one; every leaf is in at least one clause all the same.
    """

    parts: tuple[Predicate, ...]
    rest: tuple[Predicate, ...]
    label: str
    whole: bool

    @property
    def alone(self) -> bool:
        """Whether the clause is one excluded leaf by itself (a presence test of its own field aside)."""
        if len(self.parts) != 1:
            return False
        field = self.parts[0].canonical
        return all(leaf.op == "exists" and leaf.canonical == field for leaf in self.rest)


class _Way(NamedTuple):
    leaves: tuple[Predicate, ...]
    label: str


_NOTHING = [_Way((), "")]


@once_a_rule
def predicates(rule: Rule) -> tuple[Predicate, ...]:
    """Every predicate of every tree, in order."""
    return tuple(rule.predicates())


@once_a_rule
def excludes(rule: Rule) -> bool:
    """Whether anything stands under a NOT."""
    return any(one.excluded for one in predicates(rule))


def branches(rule: Rule, limit: int = MAX_BRANCHES) -> Branches:
    """The disjuncts of a rule: at most `limit`, each with its predicates in no particular order.

    A branch without a positive predicate is the empty tuple; a rule without trees has no branches.
    """
    if not rule.trees:
        return Branches((), True)
    expansion = _Expansion(limit, through=False)
    ways = expansion.product([expansion.ways(tree) for tree in rule.trees])
    return Branches(tuple(way.leaves for way in ways), expansion.complete)


def tree_branches(tree: Node, limit: int = MAX_BRANCHES) -> Branches:
    """The disjuncts of one tree alone."""
    expansion = _Expansion(limit, through=False)
    return Branches(tuple(way.leaves for way in expansion.ways(tree)), expansion.complete)


def width(rule: Rule) -> float:
    """log2 of the number of disjuncts; 0.0 for a rule with one, or without trees."""

    def leaf(_: Predicate) -> float:
        return 0.0

    def either(values: list[float]) -> float:
        top = max(values)
        return top + log2(sum(2.0 ** max(value - top, -1000.0) for value in values))

    return sum(_fold(tree, leaf, sum, either, 0.0) for tree in rule.trees)


def matches_by(tree: Node, allowed: Callable[[Predicate], bool]) -> bool:
    """Whether a tree has a branch of which all predicates are allowed. Asks of no more predicates than it takes."""
    around: list[tuple[bool, Iterator[Node]]] = []  # groups that are open: whether all have to hold, the items to come
    node: Node | None = tree
    while node is not None:
        if isinstance(node, Predicate):
            value = allowed(node)
        elif isinstance(node, (Not, Term)) or not node.items:
            value = True
        else:
            both = isinstance(node, And)
            value = both
            around.append((both, iter(sorted(node.items, key=_is_group) if both else node.items)))
        node = None
        while node is None and around:
            both, rest = around[-1]
            node = next(rest, None) if value is both else None
            if node is None:
                around.pop()
    return value


def _is_group(node: Node) -> bool:
    return not isinstance(node, Predicate)


def weakest(rule: Rule, cost: Callable[[Predicate], float]) -> tuple[float, tuple[Predicate, ...]]:
    """(cost, predicates) of the branch with the least summed cost: AND adds, OR takes the least, NOT counts nothing.

    `cost` must not be negative. (0.0, ()) for a rule without trees.
    """
    total = 0.0
    chosen: list[Predicate] = []
    for tree in rule.trees:
        keep: dict[int, float] = {}
        total += _fold(tree, cost, sum, min, 0.0, keep)
        stack: list[Node] = [tree]
        while stack:
            node = stack.pop()
            if isinstance(node, Predicate):
                chosen.append(node)
            elif isinstance(node, And):
                stack.extend(reversed(node.items))
            elif isinstance(node, Or) and node.items:
                stack.append(min(node.items, key=lambda item: keep[id(item)]))
    return total, tuple(chosen)


@once_a_rule
def exclusions(rule: Rule) -> tuple[Clause, ...]:
    """What the rule takes away, at any depth, in the order of the rule."""
    out: list[Clause] = []
    for tree in rule.trees if excludes(rule) else ():
        for negations, others in _negations(tree):
            expansion = _Expansion(MAX_CLAUSES, through=True, sample=True)
            ways = expansion.product([expansion.ways(node) for node in negations])
            for leaves, label in ways:
                parts = tuple(leaf for leaf in leaves if leaf.negated and leaf.op != "exists" and not leaf.derived)
                if parts:
                    rest = tuple(leaf for leaf in leaves if not leaf.negated or leaf.op == "exists" or leaf.derived)
                    out.append(Clause(parts, rest + others, label, expansion.complete))
    return tuple(out)


def ways_of(tree: Node, limit: int = MAX_CLAUSES) -> tuple[list[tuple[tuple[Predicate, ...], str]], bool]:
    """The conjunctions of which a tree is the disjunction, NOTs opened, each (leaves, label); whether these are all."""
    expansion = _Expansion(limit, through=True, sample=True)
    return [(way.leaves, way.label) for way in expansion.ways(tree)], expansion.complete


def _negations(tree: Node) -> Iterator[tuple[list[Node], tuple[Predicate, ...]]]:
    """The outermost negated nodes, each with what else must fail for it to count.

    `not a or not b` takes away what is both a and b: one negation of two nodes. `not a or c` takes away a unless c.
    """
    stack: list[Node] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Predicate):
            continue
        if isinstance(node, Not):
            yield [node.item], ()
        elif isinstance(node, Or) and any(isinstance(item, Not) for item in node.items):
            others = [item for item in node.items if not isinstance(item, Not)]
            beside = tuple(leaf for item in others[:8] for leaf in _some_leaves(item))
            yield [item.item for item in node.items if isinstance(item, Not)], beside
            stack.extend(reversed(others))
        elif not isinstance(node, Term):
            stack.extend(reversed(node.items))


def _some_leaves(node: Node) -> Iterator[Predicate]:
    """The first leaf or so below a node: enough to say that a condition stands beside."""
    while isinstance(node, GROUPS) and node.items:
        node = node.items[0]
    if isinstance(node, Predicate) and not node.excluded:
        yield node


def _fold(
    tree: Node,
    leaf: Callable[[Predicate], float],
    both: Callable[[list[float]], float],
    either: Callable[[list[float]], float],
    nothing: float,
    keep: dict[int, float] | None = None,
) -> float:
    """A tree folded bottom-up; a NOT and an empty group are `nothing`. `keep` receives every node's value by identity."""
    done: dict[int, float] = {} if keep is None else keep
    stack: list[tuple[Node, bool]] = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        if isinstance(node, Predicate):
            done[id(node)] = leaf(node)
        elif isinstance(node, Not | Term) or not node.items:
            done[id(node)] = nothing
        elif ready:
            values = [done[id(item)] for item in node.items]
            done[id(node)] = both(values) if isinstance(node, And) else either(values)
        else:
            stack.append((node, True))
            stack.extend((item, False) for item in node.items)
    return done[id(tree)]


class _Expansion:
    """Disjunctive form under a bound. `through`: a NOT is opened (De Morgan) rather than left out.

    Past the bound `complete` turns false; with `sample`, a product that is too large is sampled so that every factor's
    every alternative appears once, instead of being cut off.
    """

    def __init__(self, limit: int, *, through: bool, sample: bool = False) -> None:
        self.limit = limit
        self.through = through
        self.sample = sample
        self.complete = True

    def ways(self, tree: Node) -> list[_Way]:
        done: list[list[_Way]] = []
        stack: list[tuple[Node, bool, bool]] = [
            (tree, False, False)
        ]  # node, under an odd number of NOTs in here, children done
        while stack:
            node, flipped, ready = stack.pop()
            if isinstance(node, Predicate):
                done.append([_Way((node,), "")])
            elif isinstance(node, Term):
                done.append(_NOTHING)
            elif isinstance(node, Not):
                if self.through:
                    stack.append((node.item, not flipped, False))
                else:
                    done.append(_NOTHING)
            elif not node.items:
                done.append(_NOTHING)
            elif not ready:
                stack.append((node, flipped, True))
                stack.extend((item, flipped, False) for item in reversed(node.items))
            else:
                count = len(node.items)
                parts = done[-count:]
                del done[-count:]
                together = isinstance(node, And) is not flipped
                ways = self.product(parts) if together else self.union(parts)
                done.append([way if way.label else _Way(way.leaves, node.label) for way in ways] if node.label else ways)
        return done[0]

    def union(self, parts: list[list[_Way]]) -> list[_Way]:
        out: list[_Way] = []
        cells = 0
        for part in parts:
            for way in part:
                cells += len(way.leaves)
                if len(out) >= self.limit or cells > MAX_CELLS:
                    self.complete = False
                    return out
                out.append(way)
        return out

    def product(self, parts: list[list[_Way]]) -> list[_Way]:
        single: list[Predicate] = []
        several: list[list[_Way]] = []
        label = ""
        for part in parts:
            if len(part) == 1:
                single.extend(part[0].leaves)
                label = label or part[0].label
            else:
                several.append(part)
        out = [_Way(tuple(single), label)]
        if not several:
            return out
        total, length = 1, len(single)
        for part in several:
            total *= len(part)
            length += max(len(way.leaves) for way in part)
            if total > self.limit or total * length > MAX_CELLS:
                self.complete = False
                return self._sampled(out[0], several) if self.sample else self._cut(out, several)
        for part in several:
            out = [_Way(left.leaves + right.leaves, left.label or right.label) for left in out for right in part]
        return out

    def _cut(self, out: list[_Way], several: list[list[_Way]]) -> list[_Way]:
        """The first combinations, as many as the bounds allow."""
        for part in several:
            grown: list[_Way] = []
            cells = 0
            for left in out:
                for right in part:
                    cells += len(left.leaves) + len(right.leaves)
                    if len(grown) >= self.limit or (grown and cells > MAX_CELLS):
                        break
                    grown.append(_Way(left.leaves + right.leaves, left.label or right.label))
            out = grown
        return out

    def _sampled(self, base: _Way, several: list[list[_Way]]) -> list[_Way]:
        """As many combinations as the longest factor has alternatives; the shorter ones go round."""
        out: list[_Way] = []
        cells = 0
        for at in range(max(len(part) for part in several)):
            chosen = [part[at % len(part)] for part in several]
            leaves = base.leaves + tuple(leaf for way in chosen for leaf in way.leaves)
            cells += len(leaves)
            if out and cells > MAX_CELLS:
                break
            out.append(_Way(leaves, base.label or next((way.label for way in chosen if way.label), "")))
        return out
