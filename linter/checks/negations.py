"""Where a rule takes something away, and what holds there: the ground on which the provable checks on exclusions stand.

    taken(context)       each NOT of each tree: its clauses, and the conditions that stand beside it on the way to the root
    facts_of(context)    what these conditions say of a clause: it can't hold with any of them, or follows from a branch

Each tree is judged by itself: events of a sequence and sides of a join have other values in fields of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linter import logic
from linter.checks import matching
from linter.checks.base import RuleContext
from linter.rule import GROUPS, And, Node, Not, Or, Predicate, Rule, leaves

MAX_WORK = 200_000  # comparisons held against each other in one rule; past it the checks are silent
MAX_CLAUSES = 2048
MAX_NODES = 200


class Clause(NamedTuple):
    """A conjunction that a NOT takes away: what has to hold, what must not (an exception to the exclusion), its label.

    `whole` is false when it is one of more combinations than are listed.
    """

    holds: tuple[Predicate, ...]
    fails: tuple[Predicate, ...]
    label: str
    whole: bool

    @property
    def span(self) -> tuple[int, int]:
        """Where it is pointed at: its first value."""
        first = min(self.holds or self.fails, key=lambda leaf: leaf.start)
        return first.start, first.end


class Taken(NamedTuple):
    """One NOT: its clauses, what stands beside it (each a tree that holds whenever the NOT is asked), and the way to it.

    `path` names the alternatives that lead to it, outermost first; `among`: it is itself an alternative of an OR, which goes
    on when it takes something away.
    """

    tree: int
    node: Not
    clauses: tuple[Clause, ...]
    beside: tuple[Node, ...]
    path: tuple[tuple[int, int], ...]
    among: bool
    near: int = 0

    @property
    def inner(self) -> tuple[Node, ...]:
        """What stands beside it in its own alternative: conditions that no other alternative uses."""
        return self.beside[self.near :]


def taken(context: RuleContext) -> tuple[Taken, ...]:
    """Every outermost NOT of a rule, in order. Found once a rule."""
    found = context.shared.get("taken")
    if not isinstance(found, tuple):
        found = context.shared["taken"] = tuple(_taken(context.rule)) if logic.excludes(context.rule) else ()
    return found


def mixes_sources(context: RuleContext) -> bool:
    """Whether a name may mean two fields: conditions behind a Kusto join look at either side, and an alternative that
    Splunk takes from a sub-search is not in the tree.
    """
    rule = context.rule
    if rule.dialect == "splunk":
        return len(rule.trees) > 1
    if rule.dialect == "kusto":
        text = context.source.text.lower()
        return any(word in text for word in ("join", "lookup", "mv-apply"))
    return False


def _taken(rule: Rule) -> Iterator[Taken]:
    for number, tree in enumerate(rule.trees):
        stack: list[tuple[Node, tuple[Node, ...], tuple[tuple[int, int], ...], bool, int]] = [(tree, (), (), False, 0)]
        seen = 0
        while stack:
            node, beside, path, among, near = stack.pop()
            seen += 1
            if isinstance(node, Not):
                yield Taken(number, node, _clauses(node), beside, path, among, near)
            elif isinstance(node, And):
                conditions = [item for item in node.items if not isinstance(item, Not)]
                for item in reversed(node.items):
                    if isinstance(item, Not) or (seen < MAX_NODES and _negates(item)):
                        others = tuple(other for other in conditions if other is not item)
                        stack.append((item, beside + others, path, False, near))
            elif isinstance(node, Or):
                several = len(node.items) > 1
                for at in range(len(node.items) - 1, -1, -1):
                    item = node.items[at]
                    if isinstance(item, Not) or (seen < MAX_NODES and _negates(item)):
                        step = (*path, (id(node), at)) if several else path
                        inside = len(beside) if several else near
                        stack.append((item, beside, step, several and isinstance(item, Not), inside))


def _negates(node: Node) -> bool:
    return isinstance(node, And | Or | Not) and any(isinstance(leaf, Predicate) and leaf.excluded for leaf in leaves(node))


def _clauses(node: Not) -> tuple[Clause, ...]:
    ways, complete = logic.ways_of(node.item, MAX_CLAUSES)
    out = []
    for leaves_, label in ways:
        holds = tuple(leaf for leaf in leaves_ if leaf.negated)
        fails = tuple(leaf for leaf in leaves_ if not leaf.negated)
        if holds or fails:
            out.append(Clause(holds, fails, label or node.label, complete))
    return tuple(out)


def facts_of(context: RuleContext) -> Facts:
    """The facts of a rule, for one check: what another one has found out of them is known."""
    found = context.shared.get("facts")
    if not isinstance(found, Facts):
        found = context.shared["facts"] = Facts(context.rule)
    found.left = MAX_WORK
    return found


class Facts:
    """What the conditions beside a NOT say of its clauses. `left` is how many comparisons may still be made."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.left = MAX_WORK
        self._classes = rule.classes
        self._single: dict[str, bool] = {}
        self._known: dict[tuple[int, int], bool | None] = {}
        self._texts: dict[int, tuple[str, str] | None] = {}
        self._on: dict[int, dict[str, list[Predicate]]] = {}

    @property
    def spent(self) -> bool:
        """Whether the bound of work is reached, so that nothing more is known."""
        return self.left <= 0

    def says(self, known: Predicate, other: Predicate) -> bool | None:
        """`matching.implies`, each pair asked once."""
        if known.field != other.field and matching.key(known) != matching.key(other):
            return None
        pair = (id(known), id(other))
        if pair in self._known:
            return self._known[pair]
        self.left -= 1
        if self.left < 0:
            return None
        one = self._single.get(other.field)
        if one is None:
            one = self._single[other.field] = matching.single(self.rule.dialect, self._classes, other)
        left, right = self._text(known), self._text(other)
        if left and right and not left[0] == right[0] == "eq":  # nearly all pairs
            found = matching.implies_text(left, right)
            found = found if found or one else None
        else:
            found = matching.implies(known, other, one, self.rule.dialect)
        self._known[pair] = found
        return found

    def _text(self, one: Predicate) -> tuple[str, str] | None:
        """`matching.plain_text`, each asked once. Whether case counts in Elastic is up to the index."""
        if id(one) not in self._texts:
            self._texts[id(one)] = None if self.rule.dialect == "elastic" else matching.plain_text(one)
        return self._texts[id(one)]

    def against(self, node: Node, clause: Clause) -> tuple[Predicate, ...]:
        """The conditions that rule the clause out in every way in which a tree can hold; () when there is a way left."""
        wanted = [matching.key(leaf) for leaf in (*clause.holds, *clause.fails)]
        return self._against(node, clause, wanted, 0)

    def _against(self, node: Node, clause: Clause, wanted: Sequence[str], depth: int) -> tuple[Predicate, ...]:
        if isinstance(node, Predicate):
            if matching.key(node) not in wanted:
                return ()
            out = any(self.says(node, leaf) is False for leaf in clause.holds)
            return (node,) if out or any(self.says(node, leaf) is True for leaf in clause.fails) else ()
        if not isinstance(node, GROUPS) or not node.items or depth > MAX_NODES or self.on(node).keys().isdisjoint(wanted):
            return ()
        reasons: list[Predicate] = []
        for item in node.items:
            found = self._against(item, clause, wanted, depth + 1)
            if isinstance(node, And):
                if found:
                    return found
            elif not found:
                return ()
            reasons += found
        return tuple(reasons)

    def on(self, node: Node) -> dict[str, list[Predicate]]:
        """The positive conditions below a node by field (`matching.key`)."""
        found = self._on.get(id(node))
        if found is None:
            found = self._on[id(node)] = {}
            for leaf in leaves(node):
                if isinstance(leaf, Predicate) and not leaf.excluded:
                    found.setdefault(matching.key(leaf), []).append(leaf)
        return found

    def may_follow(self, nodes: Sequence[Node], clause: Clause) -> bool:
        """Whether each condition of a clause follows from some condition below the nodes: else it follows from no branch."""
        return all(
            any(self.says(known, leaf) is wanted for node in nodes for known in self.on(node).get(matching.key(leaf), ()))
            for wanted, parts in ((True, clause.holds), (False, clause.fails))
            for leaf in parts
        )

    def follows(self, branch: tuple[Predicate, ...], clause: Clause) -> tuple[Predicate, ...]:
        """The conditions of a branch from which a clause follows, one for each of its own; () when it does not follow."""
        found = []
        for wanted, parts in ((True, clause.holds), (False, clause.fails)):
            for leaf in parts:
                reason = next((known for known in branch if self.says(known, leaf) is wanted), None)
                if reason is None:
                    return ()
                found.append(reason)
        return tuple(found)

    def within(self, clause: Clause, other: Clause) -> bool:
        """Whether all that a clause takes away is taken away by another one."""
        return all(
            any(self.says(known, leaf) is True for known in clause.holds) or any(known[:] == leaf[:] for known in clause.holds)
            for leaf in other.holds
        ) and all(
            any(self.says(leaf, known) is True for known in clause.fails)
            or any(self.says(known, leaf) is False for known in clause.holds)
            for leaf in other.fails
        )
