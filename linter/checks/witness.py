"""Concrete events: one that a rule would match were it not for an exclusion, built from a branch and judged by the rule's tree.

witness(rule, one, clause)   (field as written, text) pairs of such an event; None when none is found or proven
judge(tree, event, …)        whether a tree matches an event: True, False, or None where that can't be said
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from linter import logic
from linter.checks import matching
from linter.checks.negations import Clause, Taken
from linter.rule import And, Node, Not, Or, Predicate, Rule, leaves, pattern_pieces
from linter.taxonomy import literals, values
from linter.taxonomy.schemas import base

MAX_TRIES = 6  # branches from which an event is built
MAX_LEAVES = 4000  # of a tree that is judged
Event = dict[str, tuple[str, ...]]  # by native field, lower case: its values


def witness(rule: Rule, one: Taken, clause: Clause) -> tuple[tuple[str, str], ...] | None:
    """An event that the exclusion alone keeps from matching: with it the tree is False, without it True."""
    tree = rule.trees[one.tree]
    if clause.fails or sum(1 for _ in leaves(tree)) > MAX_LEAVES:
        return None
    fillers = _fillers(tree)
    ignored = frozenset(id(leaf) for leaf in clause.holds)
    for branch in logic.tree_branches(And(one.beside), MAX_TRIES).items:
        event = build([*branch, *clause.holds], rule, fillers)
        if event is None or judge(tree, event, rule.dialect) is not False:
            continue
        if judge(tree, event, rule.dialect, ignored) is True:
            shown = {leaf.field.lower(): leaf.field for leaf in (*branch, *clause.holds)}
            return tuple((name, " ".join(event[low])) for low, name in shown.items() if low in event)
    return None


def judge(tree: Node, event: Mapping[str, tuple[str, ...]], dialect: str, ignored: Collection[int] = ()) -> bool | None:
    """Whether a tree matches an event. `ignored` are leaves, by identity, that are taken not to hold."""
    done: list[bool | None] = []
    stack: list[tuple[Node, bool]] = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        if isinstance(node, Predicate):
            done.append(False if id(node) in ignored else _leaf(node, event, dialect))
        elif not isinstance(node, And | Or | Not) or (not isinstance(node, Not) and not node.items):
            done.append(None)
        elif not ready:
            stack.append((node, True))
            stack.extend((item, False) for item in ([node.item] if isinstance(node, Not) else node.items))
        elif isinstance(node, Not):
            inner = done.pop()
            done.append(None if inner is None else not inner)
        else:
            found = done[-len(node.items) :]
            del done[-len(node.items) :]
            decisive = isinstance(node, Or)
            done.append(decisive if decisive in found else None if None in found else not decisive)
    return done[0]


def _leaf(leaf: Predicate, event: Mapping[str, tuple[str, ...]], dialect: str) -> bool | None:
    found = [matching.holds(leaf, value, dialect) for value in event.get(leaf.field.lower(), ())]
    if not found:
        return matching.holds(leaf, None, dialect)
    return True if True in found else None if None in found else False


def _fillers(tree: Node) -> dict[str, Predicate]:
    """Fields that are excluded where they are absent or empty: an event should have them."""
    return {
        leaf.field.lower(): leaf
        for leaf in leaves(tree)
        if isinstance(leaf, Predicate) and leaf.negated and (leaf.op == "null" or leaf.value in ("", "-"))
    }


def build(parts: Sequence[Predicate], rule: Rule, fillers: Mapping[str, Predicate]) -> Event | None:
    """An event in which all of some comparisons hold; None where their values do not go together or are not known."""
    fields: dict[str, list[Predicate]] = {}
    for leaf in parts:
        if not leaf.field:
            return None
        if leaf.op != "null":
            fields.setdefault(leaf.field.lower(), []).append(leaf)
    event: Event = {}
    for name, found in fields.items():
        lists = name.endswith("args")
        made = [_compose([leaf], rule) for leaf in found] if lists else [_compose(found, rule)]
        texts = tuple(text for text in made if text is not None)
        if len(texts) < len(made):
            return None
        event[name] = texts
    for name, leaf in fillers.items():
        if name not in event:
            event[name] = (_start(leaf, rule).rstrip("\\/") + _separator(rule) + "x" if holds_paths(leaf, rule) else "x",)
    return event


def _compose(found: Sequence[Predicate], rule: Rule) -> str | None:
    """One text in which all of some comparisons of a field hold."""
    pieces = [piece for leaf in found if (piece := _piece(leaf)) is not None]
    if len(pieces) < len(found):
        return None
    whole = next((text for op, text in pieces if op == "eq"), None)
    text = whole if whole is not None else _join(found[0], pieces, rule)
    return text if all(matching.holds(leaf, text, rule.dialect) is True for leaf in found) else None


def _piece(leaf: Predicate) -> tuple[str, str] | None:
    """(eq, startswith, endswith or contains, text) that fulfils a comparison; None where none is known."""
    op, value = leaf.op, leaf.value
    if op in ("eq", "startswith", "endswith", "contains"):
        return op, value
    if op == "exists":
        return "contains", ""
    if op == "token":
        return "contains", f" {value} "
    if op == "like":
        signs = pattern_pieces(value.replace("?:\\", "C:\\"))
        start, end = signs[:1] != [(True, "*")], signs[-1:] != [(True, "*")]
        text = "".join("x" if wild else sign for wild, sign in signs[not start : len(signs) - (not end)])
        return ("eq" if start and end else "startswith" if start else "endswith" if end else "contains"), text
    if op == "re":
        plain = literals.plain(value)
        return plain[0] if plain and plain[0][0] != "re" else None
    if op == "cidr":
        network, _, bits = value.partition("/")
        return ("eq", network[:-1] + "9") if network.endswith(".0") and bits.isdigit() and int(bits) <= 24 else None
    return None


def holds_paths(leaf: Predicate, rule: Rule) -> bool:
    """Whether a comparison's field holds whole paths; Sigma's do, other languages have fields of file names too."""
    name = leaf.canonical
    if base(name) not in values.PATHS:
        return base(name) == "CurrentDirectory"
    return rule.dialect == "sigma" or not name.endswith((".name", ".ext")) or "\\" in leaf.value or "/" in leaf.value


def _separator(rule: Rule) -> str:
    words = [word for cls in rule.classes for word in (cls.rpartition("/")[2], cls.partition(":")[0])]
    return "/" if "linux" in words or "macos" in words else "\\"


def _start(leaf: Predicate, rule: Rule) -> str:
    """The beginning of a path that anybody can make."""
    if not holds_paths(leaf, rule):
        return ""
    return "/tmp" if _separator(rule) == "/" else "C:\\Users\\Public"


def _join(leaf: Predicate, pieces: Iterable[tuple[str, str]], rule: Rule) -> str:
    """A text that starts, goes on and ends as it should, pieces that hold each other once."""
    pieces = list(pieces)
    head = max((text for op, text in pieces if op == "startswith"), key=len, default=None)
    tail = max((text for op, text in pieces if op == "endswith"), key=len, default="")
    middle = sorted({text for op, text in pieces if op == "contains"}, key=len, reverse=True)
    path = holds_paths(leaf, rule)
    text = _start(leaf, rule) if head is None else head
    if head is None and path and any(piece[1:3] == ":\\" for piece in middle):
        text = ""
    elif head is None and path and any(piece[:2] == ":\\" for piece in middle):
        text = "C"
    kept: list[str] = []
    for piece in middle:
        if piece.lower() not in f"{text}\0{tail}\0{chr(0).join(kept)}".lower():
            kept.append(piece)
    kept.sort(key=lambda piece: [op_text for _, op_text in pieces].index(piece))
    for piece in [*kept, tail]:
        text = _glued(text, piece, path, _separator(rule))
    if path and text and text[-1] in "\\/":
        text += "x.exe" if _separator(rule) == "\\" else "x"
    return text


def _glued(left: str, right: str, path: bool, separator: str) -> str:
    if not left or not right:
        return left + right
    if path:
        if left[-1] in "\\/" and right[0] == left[-1]:
            return left + right[1:]
        if right[0] == ":":
            return left + right
        if right[0] == "." and "." not in left and left[-1] not in "\\/":
            return f"{left}{separator}x{right}"
        return left + ("" if left[-1] in "\\/" or right[0] in "\\/." else separator) + right
    return left + ("" if left[-1].isspace() or right[0].isspace() else " ") + right
