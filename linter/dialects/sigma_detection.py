"""Sigma's `detection`: named selections and the condition → one tree of Terms with exact places."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from linter.dialects import sigma_condition, sigma_values
from linter.dialects.queries.core import QueryError
from linter.dialects.sigma_values import Modifiers
from linter.dialects.yamldoc import Mapping, Scalar, Sequence, embedded
from linter.dialects.yamldoc import Node as Yaml
from linter.rule import GROUPS, And, Fault, Node, Not, Or, OrgList, Selection, Term
from linter.source import Source

_NO_SELECTION = frozenset(("condition", "timeframe"))


class Unreadable(ValueError):
    """Why a detection can't be read, and where in the file."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class Detection(NamedTuple):
    """What a detection says; `anchors` are `condition` (its value) and `selection:<name>` (name and body)."""

    tree: Node
    selections: tuple[Selection, ...]
    lists: list[OrgList]
    faults: list[Fault]
    anchors: list[tuple[str, int, int]]


def read(source: Source, detection: Mapping, place: tuple[int, int], skip: Collection[str] = ()) -> Detection:
    """The tree of a detection (or of a Sigma filter, whose `rules` are to be skipped). Unreadable when there is none.

    `place` is pointed at where nothing better is known: the key `detection`.
    """
    reader = _Reader()
    bodies: dict[str, tuple[Scalar, Yaml]] = {}
    conditions: Yaml | None = None
    for key, node in detection.items:
        name = key.text
        if name == "condition":
            conditions = node
        elif name not in skip and (name not in _NO_SELECTION or isinstance(node, Mapping)):
            bodies[name] = (key, node)
    for key in detection.duplicates:
        reader.fault("duplicate-key", f"`{_short(key.text)}` is repeated; the last one counts", key)
    if conditions is None:
        raise Unreadable("the detection has no condition", *place)
    if not bodies:
        raise Unreadable("the detection has no selection", *place)
    trees: dict[str, Node] = {}
    sizes: dict[str, int] = {}
    anchors = []
    for name, (key, node) in bodies.items():
        before = reader.count
        trees[name] = reader.selection(key, node)
        sizes[name] = reader.count - before
        anchors.append((f"selection:{name}", key.start, max(key.end, node.end)))
    parts: list[Node] = []
    used: dict[str, None] = {}
    for node in conditions.items if isinstance(conditions, Sequence) else [conditions]:
        if not isinstance(node, Scalar) or node.value is None or not node.text.strip():
            what = "is empty" if isinstance(node, Scalar) else "is not a text"
            raise Unreadable(f"the condition {what}", node.start, max(node.end, node.start + 1))
        found = _condition(source, node, trees, sizes)
        for code, message, start, end in found.notices:
            at = embedded(source, node)
            reader.faults.append(Fault(code, message, at.at(start), at.end(start, end)))
        parts.append(found.tree)
        used.update(found.used)
    if not parts:
        raise Unreadable("the condition is an empty list", conditions.start, max(conditions.end, conditions.start + 1))
    anchors.append(("condition", conditions.start, conditions.end))
    tree = parts[0] if len(parts) == 1 else Or(tuple(parts))
    selections = tuple([Selection(name, key.start, key.end, name in used) for name, (key, _) in bodies.items()])
    lists = _lists(tree) if reader.listed else []
    return Detection(tree, selections, lists, reader.faults, anchors)


def _condition(source: Source, node: Scalar, trees: dict[str, Node], sizes: dict[str, int]) -> sigma_condition.Condition:
    try:
        return sigma_condition.parse(node.text, trees, sizes)
    except QueryError as error:
        place = embedded(source, node)
        start = place.at(error.start)
        message = error.message.replace("the end of the query", "the end of the condition")
        raise Unreadable(message, start, max(start + 1, place.end(error.start, error.end))) from None


class _Reader:
    """Selections being read; `count` counts comparisons, `listed` whether one names an organisation's list."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.count = 0
        self.listed = False

    def fault(self, code: str, message: str, node: Yaml) -> None:
        self.faults.append(Fault(code, message, node.start, max(node.end, node.start + 1)))

    def selection(self, key: Scalar, node: Yaml) -> Node:
        """A named selection: all fields of a mapping, any item of a list, a keyword. Its label is its name."""
        name = key.text
        if isinstance(node, Mapping):
            return And(self.fields(node), name)
        if isinstance(node, Sequence):
            return Or(self.items(node), name)
        if node.value is None:
            raise Unreadable(f"the selection `{_short(name)}` is empty", key.start, key.end)
        return Or((self.leaf("", _PLAIN, node, node),), name)

    def fields(self, node: Mapping) -> tuple[Node, ...]:
        """The comparisons of a mapping, one node a key; of a repeated key the last."""
        if not node.items:
            raise Unreadable("a selection is empty", node.start, max(node.end, node.start + 1))
        pairs = node.items
        if repeated := node.duplicates:
            for key in repeated:
                self.fault("duplicate-key", f"`{_short(key.text)}` is repeated; the last one counts", key)
            pairs = list({key.text: (key, value) for key, value in pairs}.values())
        return tuple([self.field(key, value) for key, value in pairs])

    def items(self, node: Sequence) -> tuple[Node, ...]:
        """The alternatives of a list: keywords, mappings, lists."""
        if not node.items:
            raise Unreadable("a selection is an empty list", node.start, max(node.end, node.start + 1))
        out: list[Node] = []
        for item in node.items:
            if isinstance(item, Mapping):
                fields = self.fields(item)
                out.append(fields[0] if len(fields) == 1 else And(fields))
            elif isinstance(item, Sequence):
                inner = self.items(item)
                out.append(inner[0] if len(inner) == 1 else Or(inner))
            else:
                out.append(self.leaf("", _PLAIN, item, item))
        return tuple(out)

    def field(self, key: Scalar, node: Yaml) -> Node:
        """`Field|modifier: value` or a list of values."""
        name, bar, native = key.text.partition("|")
        if name in _NULLS and not key.style:
            name = ""
        mods = sigma_values.modifiers(native)
        if bar and (mods.unknown or not native) and not _known_elsewhere(mods.unknown):
            near = _nearest(mods.unknown)
            if near or not mods.unknown:  # misspelt
                raise Unreadable(_unknown(mods.unknown, near), key.start, key.end)
            self.fault("modifier-unknown", f"`{_short(mods.unknown)}` is no modifier of Sigma's: converters refuse it", key)
        if isinstance(node, Scalar):
            made: Node = self.leaf(name, mods, node, key)
        elif isinstance(node, Mapping):
            raise Unreadable(
                f"`{_short(key.text)}` holds a mapping; a field takes a value or a list of values", key.start, key.end
            )
        elif not node.items:
            self.count += 1
            made = Term(name, "null", "", native, False, key.start, key.end)
        else:
            terms: list[Node] = []
            for item in node.items:
                if not isinstance(item, Scalar):
                    what = "a list inside its list" if isinstance(item, Sequence) else "a mapping in its list"
                    raise Unreadable(
                        f"`{_short(key.text)}` holds {what}; values are texts, numbers or null", item.start, item.end
                    )
                terms.append(self.leaf(name, mods, item, item))
            made = terms[0] if len(terms) == 1 else And(tuple(terms)) if mods.every else Or(tuple(terms))
        return Not(made) if mods.negated else made

    def leaf(self, field: str, mods: Modifiers, scalar: Scalar, place: Yaml) -> Term:
        """One comparison, placed at its value; at its key where the value takes no room."""
        self.count += 1
        start, end = scalar.start, scalar.end
        if self.count > sigma_condition.MAX_EXPANDED:
            raise Unreadable(f"the detection has more than {sigma_condition.MAX_EXPANDED:,} values", start, max(end, start + 1))
        if end <= start:
            start, end = place.start, place.end
        made = sigma_values.term(field, mods, scalar, start, end)
        if mods.simple and scalar.style:
            return made
        if made.listed:
            self.listed = True
        if mods.textual and not scalar.style and type(scalar.value) is not str:
            self.fault("value-type", f"`|{mods.native}` takes a text; put the value in quotes", place)
        elif mods.kind == "compare" and type(scalar.value) not in (int, float):
            self.fault("value-type", f"`|{mods.native}` takes a number", place)
        if mods.unknown:
            return made._replace(derived=True)
        return made


_PLAIN = sigma_values.modifiers("")
_NULLS = frozenset(("~", "null", "Null", "NULL"))


def _lists(tree: Node) -> list[OrgList]:
    """The organisation's lists that a tree consults, with the parity of the NOTs above."""
    found: dict[OrgList, None] = {}
    stack: list[tuple[Node, bool]] = [(tree, False)]
    while stack:
        node, negated = stack.pop()
        if isinstance(node, GROUPS):
            stack.extend((item, negated) for item in reversed(node.items))
        elif isinstance(node, Not):
            stack.append((node.item, not negated))
        elif isinstance(node, Term) and node.listed:
            for name in sigma_values.placeholders(node.value):
                found[OrgList(name, negated, node.start, node.end)] = None
    return list(found)


def _known_elsewhere(name: str) -> bool:
    """Whether pySigma knows a modifier that is not known here."""
    try:
        from sigma.modifiers import modifier_mapping
    except ImportError:
        return False
    return name in modifier_mapping


def _nearest(name: str) -> str:
    """The modifier that a name resembles; "" when it is a word of its own, which some engine may know."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name[:40], sigma_values.KNOWN, 1, 0.85)), "") if name else ""


def _unknown(name: str, near: str) -> str:
    hint = f"; did you mean `{near}`?" if near else ""
    return f"unknown modifier `{_short(name)}`{hint}" if name else "an empty modifier: a `|` without a name behind it"


def _short(text: str) -> str:
    """A name as it is shown: one line, not endless."""
    return text[:60].replace("\n", " ")
