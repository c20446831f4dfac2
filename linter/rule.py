"""The normalised model that every dialect ends in. Everything here is immutable.

A condition is a tree of `And`, `Or`, `Not` over leaves. Query front ends make trees of `Term`s (the native spelling, with
offsets into the query's text); `taxonomy` turns them into trees of `Predicate`s (canonical names, polarity, file offsets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, TypeAlias

OPS = (
    "eq", "contains", "startswith", "endswith", "like", "re", "cidr", "gt", "gte", "lt", "lte",
    "exists", "null", "token", "keyword",
)  # fmt: skip
Mapping = Literal["exact", "scoped", "assumed", "native"]


class Term(NamedTuple):
    """A comparison as the rule's own language spells it; offsets are into the text that was parsed.

    `field` is "" for a bare keyword. `value` is text, unescaped, "" for null and exists; in a `like` value every `*` and `?`
    is a wildcard and `\\` stands for itself, a literal sign is `[*]` or `[?]` (`pattern_text`). `native` is the operator as
    written (`endswith|windash`, `=~`, `has_any`).
    """

    field: str
    op: str
    value: str
    native: str
    cased: bool
    start: int
    end: int
    derived: bool = False  # reads a computed column: neither an indicator nor an exclusion
    listed: bool = False  # the value names an organisation's own list (`%list`, watchlist, `|expand`)


class Indicator(NamedTuple):
    """A canonical (field, op, value): the unit that is compared across vendors. Values are lower case unless `re`."""

    field: str
    op: str
    value: str


class Predicate(NamedTuple):
    """A term with its canonical field, its polarity and its place in the rule's own file (offsets in code points).

    `negated` is the parity of the NOTs above it; `excluded` is true under any NOT at all, even back at even parity.
    `indicators` are its canonical forms, the principal one first; empty for a derived one.
    """

    field: str
    op: str
    value: str
    negated: bool
    excluded: bool
    canonical: str
    mapping: Mapping
    indicators: tuple[Indicator, ...]
    native: str
    cased: bool
    derived: bool
    listed: bool
    start: int
    end: int


class And(NamedTuple):
    """All items hold. `label` names what the author named (a Sigma selection), else ""."""

    items: tuple[Node, ...]
    label: str = ""


class Or(NamedTuple):
    """At least one item holds."""

    items: tuple[Node, ...]
    label: str = ""


GROUPS = (And, Or)  # for isinstance: a union made at each call takes ten times as long


class Not(NamedTuple):
    """The item does not hold."""

    item: Node
    label: str = ""


Node: TypeAlias = "And | Or | Not | Term | Predicate"


class Technique(NamedTuple):
    """An ATT&CK technique as tagged: `id` normalised to the current version, `original` as written, and its place."""

    id: str
    original: str
    start: int
    end: int


class Event(NamedTuple):
    """An event that a rule reads. `cls` is `category/product` or `product:service[:event id]`; the rest is "" if unknown.

    `implied` marks one of several concrete events that can serve the rule's category.
    """

    cls: str
    provider: str
    id: str
    title: str
    implied: bool


class Selection(NamedTuple):
    """A named part of a detection (Sigma) and whether the condition uses it; the span covers its name."""

    name: str
    start: int
    end: int
    used: bool


class OrgList(NamedTuple):
    """An organisation's own list that the rule consults: a watchlist, a `*_filter` macro, an exception list."""

    name: str
    negated: bool
    start: int
    end: int


class Fault(NamedTuple):
    """Faulty metadata that does not keep the detection from being read (a finding, not a problem)."""

    code: str
    message: str
    start: int
    end: int


class Related(NamedTuple):
    """Another rule that this one names: kind is derived, obsolete, merged, renamed, similar, base or mention."""

    id: str
    kind: str


class Rule(NamedTuple):
    """One detection rule. `trees` has one condition tree a query, event variable or correlated sub-query."""

    path: str  # as given, with `/`
    dialect: str  # sigma elastic splunk kusto yaral
    vendor: str  # the catalog vendor of the same name
    id: str  # "" when the rule has none
    title: str
    start: int  # where the rule is pointed at: its title or name
    end: int
    trees: tuple[Node, ...] = ()
    techniques: tuple[Technique, ...] = ()
    events: tuple[Event, ...] = ()
    platforms: tuple[str, ...] = ()
    domain: str = ""
    author: str = ""
    date: str = ""
    status: str = ""
    level: str = ""
    kind: str = "rule"  # rule, building_block, base (of a correlation), correlation, filter, ml
    tags: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    false_positives: tuple[str, ...] = ()
    selections: tuple[Selection, ...] = ()
    lists: tuple[OrgList, ...] = ()
    faults: tuple[Fault, ...] = ()
    anchors: tuple[tuple[str, int, int], ...] = ()  # (what, start, end): places for edits and findings: tags, condition, query

    @property
    def key(self) -> str:
        """vendor:id, else vendor:path#name."""
        return f"{self.vendor}:{self.id}" if self.id else f"{self.vendor}:{self.path}#{self.title}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The event classes, each once, in order."""
        events = self.events
        return (events[0].cls,) if len(events) == 1 else tuple(dict.fromkeys([event.cls for event in events]))

    def predicates(self) -> Iterator[Predicate]:
        """Every predicate of every tree, in order."""
        for tree in self.trees:
            for leaf in leaves(tree):
                if isinstance(leaf, Predicate):
                    yield leaf

    def anchor(self, what: str) -> tuple[int, int]:
        """The span of a named place; the rule's own where it has none."""
        return next(((start, end) for name, start, end in self.anchors if name == what), (self.start, self.end))


def leaves(node: Node) -> Iterator[Term | Predicate]:
    """The leaves below a node, in order, without recursion (trees may be thousands deep)."""
    stack: list[Node] = [node]
    while stack:
        at = stack.pop()
        if isinstance(at, GROUPS):
            stack.extend(reversed(at.items))
        elif isinstance(at, Not):
            stack.append(at.item)
        else:
            yield at


def pattern_text(pieces: Iterable[tuple[bool, str]]) -> str:
    """The value of a `like`: (True, "*" or "?") is a wildcard, (False, text) literal text.

    As in a shell, a bracket makes a sign literal: `[*]`, `[?]`, and `[[]` where a `[` would be read so.
    """
    out: list[str] = []
    for wild, text in pieces:
        out.append(text if wild else text.replace("*", "\0*").replace("?", "\0?"))
    whole = "".join(out)
    if "[" in whole:  # one that would make the sign behind it literal
        whole = re.sub(r"\[(?=[*?[]\])", "[[]", whole)
    return whole if "\0" not in whole else re.sub(r"\0([*?])", r"[\1]", whole)


def pattern_pieces(value: str) -> list[tuple[bool, str]]:
    """The signs of a `like` value, each with whether it is a wildcard; the inverse of `pattern_text`."""
    if "[" not in value:
        return [(char in "*?", char) for char in value]
    out: list[tuple[bool, str]] = []
    at = 0
    while at < len(value):
        char = value[at]
        if char == "[" and value[at + 1 : at + 2] in ("*", "?", "[") and value[at + 2 : at + 3] == "]":
            out.append((False, value[at + 1]))
            at += 3
        else:
            out.append((char in "*?", char))
            at += 1
    return out


class Problem(NamedTuple):
    """What kept a rule, or its detection, from being read, and where (offsets in the file)."""

    message: str
    start: int
    end: int
    rule_id: str = ""
    title: str = ""


class Reading(NamedTuple):
    """What a dialect makes of one file."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
