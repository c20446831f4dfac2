"""Whether edits did what their intent says, and nothing else: the edited text is read again and the rules are compared.

    add an exclusion    the old condition AND NOT exactly this; nothing else of the rule differs
    remove a selection  the same condition, one unused selection less
    replace, add a tag  only techniques and tags differ

Places aside, every other rule of the file stays as it was, and nothing becomes unreadable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from linter.dialects import registry
from linter.dialects.edit.base import applied, moved, parts
from linter.finding import AddExclusion, AddTag, Fix, Intent, RemoveSelection, ReplaceTag
from linter.rule import And, Node, Not, Or, Predicate, Reading, Rule, Term, leaves
from linter.source import Source
from linter.taxonomy import normalise

_Spans = Sequence[tuple[int, int]]


class Unproven(ValueError):
    """Why an edit is not what was intended: a sentence for the reader."""


class Proven(NamedTuple):
    """A text that was edited and read again, and the rule in it."""

    source: Source
    reading: Reading
    rule: Rule


def carried_out(source: Source, reading: Reading, rule: Rule, intent: Intent, fix: Fix) -> Proven:
    """The edited text, read again. Unproven when it does not say exactly what was intended. `reading` is of `source`."""
    try:
        text = applied(source.text, fix.edits)
    except ValueError as error:
        raise Unproven(str(error)) from None
    after = Source(source.path, text, source.bom)
    found = registry.dialect(rule.dialect).read(after)
    at = next(number for number, one in enumerate(reading.rules) if one is rule)
    if len(found.rules) != len(reading.rules):
        raise Unproven("the edited rule could not be read" + (f": {found.problems[0].message}" if found.problems else ""))
    if Counter(one.message for one in found.problems) != Counter(one.message for one in reading.problems):
        raise Unproven("the edited file has other problems than before")
    for number, (old, new) in enumerate(zip(reading.rules, found.rules, strict=True)):
        if number == at:
            _changed(old, new, intent, tuple(moved(fix.edits)))
        elif _bare(old) != _bare(new) or not _same_trees(old, new):
            raise Unproven(f"the rule `{old.title}` in the same file would change too")
    return Proven(after, found, found.rules[at])


def _changed(old: Rule, new: Rule, intent: Intent, spans: _Spans) -> None:
    before, after = _bare(old), _bare(new)
    if isinstance(intent, AddExclusion):
        _exclusion_added(old, new, intent, spans)
        keep = {one.name: one.used for one in old.selections}
        if any(keep.get(one.name, True) != one.used for one in new.selections) or len(new.selections) > len(keep) + 1:
            raise Unproven("other selections would be used than before")
        # A value may look like the id of a rule.
        related = tuple(one for one in new.related if one in old.related or one.kind != "mention")
        before, after = before._replace(selections=()), after._replace(selections=(), related=related)
    elif not _same_trees(old, new):
        raise Unproven("what the rule looks for would change")
    elif isinstance(intent, RemoveSelection):
        left = tuple(one for one in before.selections if one.name != intent.name)
        if after.selections != left or len(left) != len(before.selections) - 1:
            raise Unproven("another selection would go")
        before, after = before._replace(selections=()), after._replace(selections=())
    elif isinstance(intent, ReplaceTag | AddTag):
        _tags_changed(old, new, intent)
        before, after = before._replace(techniques=(), tags=()), after._replace(techniques=(), tags=())
    if Counter(after.faults) - Counter(before.faults):
        raise Unproven(f"it would bring a fault: {(Counter(after.faults) - Counter(before.faults)).popitem()[0].message}")
    if before._replace(faults=()) != after._replace(faults=()):
        names = [
            name for name in Rule._fields if name != "faults" and getattr(before, name, None) != getattr(after, name, None)
        ]
        raise Unproven(f"the rule's {' and '.join(names[:3])} would change too")


def _bare(rule: Rule) -> Rule:
    """A rule without its trees and without places."""
    return rule._replace(
        start=0, end=0, trees=(), anchors=(),
        techniques=tuple(one._replace(start=0, end=0) for one in rule.techniques),
        selections=tuple(one._replace(start=0, end=0) for one in rule.selections),
        lists=tuple(one._replace(start=0, end=0) for one in rule.lists),
        faults=tuple(one._replace(start=0, end=0) for one in rule.faults),
    )  # fmt: skip


def _tags_changed(old: Rule, new: Rule, intent: ReplaceTag | AddTag) -> None:
    wanted = (intent.new if isinstance(intent, ReplaceTag) else intent.technique).strip().upper()
    gone = intent.old.strip().upper() if isinstance(intent, ReplaceTag) else ""
    before = {one.original.strip().upper() for one in old.techniques}
    after = {one.original.strip().upper() for one in new.techniques}
    if after != (before - {gone}) | {wanted}:
        raise Unproven("other techniques would change too")
    changed = Counter(old.tags) - Counter(new.tags), Counter(new.tags) - Counter(old.tags)
    for tags, technique in zip(changed, (gone, wanted), strict=True):
        if any(technique not in tag.upper() for tag in tags):
            raise Unproven("other tags would change too")


# an exclusion more


def _exclusion_added(old: Rule, new: Rule, intent: AddExclusion, spans: _Spans) -> None:
    if len(old.trees) != len(new.trees):
        raise Unproven("the rule would have other queries than before")
    wanted = parts(intent)
    clauses = 0
    for before, after in zip(old.trees, new.trees, strict=True):
        if not any(_inside(leaf, spans) for leaf in leaves(after)):
            if _plain(before) != _plain(after):
                raise Unproven("what the rule looks for would change")
            continue
        taken: list[tuple[Predicate, ...]] = []
        rest = _without(after, spans, taken)
        if _plain(rest) != _plain(before):
            raise Unproven("what the rule looks for would change")
        if any(leaf.derived for clause in taken for leaf in clause):
            raise Unproven("there is no such field at that place of the query")
        if not all(_says(clause, wanted, new) for clause in taken):
            raise Unproven("something else would be excluded than was meant")
        clauses += len(taken)
    if not clauses:
        raise Unproven("nothing would be excluded")


def _says(clause: tuple[Predicate, ...], wanted: Sequence[tuple[str, str, str]], rule: Rule) -> bool:
    """Whether a clause is a conjunction of exactly these (field, op, value)."""
    left = list(clause)
    for part in wanted:
        one = next((leaf for leaf in left if is_part(leaf, part, rule)), None)
        if one is None:
            return False
        left.remove(one)
    return not left


def is_part(leaf: Predicate, part: tuple[str, str, str], rule: Rule) -> bool:
    """Whether a predicate says (field, op, value) of the rule's own vocabulary: as written, else in canonical terms."""
    field, op, value = part
    if leaf.derived:
        return False
    if leaf.op == op and leaf.value.lower() == value.lower() and leaf.field.lower() == field.lower():
        return True
    made = normalise.predicates(Term(field, op, value, "", False, 0, 0), rule.dialect, rule.events)
    return isinstance(made, Predicate) and bool(leaf.indicators) and leaf.indicators == made.indicators


def _without(node: Node, spans: _Spans, taken: list[tuple[Predicate, ...]]) -> Node | None:
    """A tree that is `rest AND NOT clause …` without its clauses, which are added to `taken`; what they hold stands in the
    spans. Unproven when a clause stands where it does not simply take away.
    """
    if not any(_inside(leaf, spans) for leaf in leaves(node)):
        return node
    if isinstance(node, Not):
        rest = _taken(node.item, spans, taken)
        return None if rest is None else Not(rest, node.label)
    if isinstance(node, And | Or):
        if isinstance(node, Or) and not all(any(_inside(leaf, spans) for leaf in leaves(item)) for item in node.items):
            raise Unproven("the exclusion would hold for one of several ways to match only")
        items = [_without(item, spans, taken) for item in node.items]
        if isinstance(node, Or) and None in items:
            raise Unproven("the exclusion would become a way to match")
        return type(node)(tuple(item for item in items if item is not None), node.label)
    raise Unproven("the exclusion would become a condition")


def _taken(node: Node, spans: _Spans, taken: list[tuple[Predicate, ...]]) -> Node | None:
    """What is left of a negated tree without the clauses that the spans hold."""
    inside = [_inside(leaf, spans) for leaf in leaves(node)]
    if not any(inside):
        return node
    if all(inside) and not isinstance(node, Or):
        taken.append(_conjunction(node))
        return None
    if isinstance(node, Or) or (isinstance(node, And) and len(node.items) == 1):
        items = [_taken(item, spans, taken) for item in node.items]
        left = tuple(item for item in items if item is not None)
        return type(node)(left, node.label) if left else None
    raise Unproven("an exclusion that is there already would change")


def _conjunction(node: Node) -> tuple[Predicate, ...]:
    if isinstance(node, Predicate):
        return (node,)
    if isinstance(node, And):
        return tuple(leaf for item in node.items for leaf in _conjunction(item))
    if isinstance(node, Or) and len(node.items) == 1:
        return _conjunction(node.items[0])
    raise Unproven("the exclusion would be no plain conjunction")


def _inside(leaf: Predicate | Term, spans: _Spans) -> bool:
    return any(start <= leaf.start and leaf.end <= end for start, end in spans)


def _same_trees(old: Rule, new: Rule) -> bool:
    return len(old.trees) == len(new.trees) and all(
        _plain(one) == _plain(other) for one, other in zip(old.trees, new.trees, strict=True)
    )


def _plain(node: Node | None) -> object:
    """A tree as nested tuples: without places and labels, groups of one and groups in groups of their kind resolved."""
    if node is None:
        return ("and",)
    if isinstance(node, Not):
        return ("not", _plain(node.item))
    if isinstance(node, And | Or):
        kind = "and" if isinstance(node, And) else "or"
        items: list[object] = []
        for item in map(_plain, node.items):
            if isinstance(item, tuple) and item and item[0] == kind and not isinstance(item, Predicate):
                items.extend(item[1:])
            else:
                items.append(item)
        return items[0] if len(items) == 1 else (kind, *items)
    return ("leaf", *node._replace(start=0, end=0))
