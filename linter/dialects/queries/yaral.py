"""YARA-L 2.0 (Google SecOps): the rules of a file, their sections, and a condition tree for each event variable.

Written from Google's YARA-L 2.0 reference. A file holds several rules; a faulty one is reported and the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from linter.dialects.queries.core import Cursor, Lexer, Part, Query, QueryError, Token, conjunction, disjunction
from linter.dialects.queries.yaral_events import EVENT, Expressions, Value, literal, variable
from linter.rule import And, Node, Not, Or, OrgList, Term, leaves

_HEAD = r"(?m)^[ \t]*(?:(?:private|global)[ \t]+){0,2}rule[ \t]+[A-Za-z_]\w*\s*\{"
_SECTIONS = frozenset({"meta", "events", "match", "outcome", "condition", "options"})
MAX_BROKEN = 100  # rules that can't be read; past them the rest of the file is not looked at
MAX_RULE_TOKENS = 100_000  # the largest public rule has 5,000


class Meta(NamedTuple):
    """The value of one key of the meta section, unescaped, and the offsets of the value as written."""

    key: str
    value: str
    start: int
    end: int


class RuleText(NamedTuple):
    """One rule: `start`/`end` of its name, `stop` behind its closing brace.

    `sections` and `variables` (the statements of each event variable, first to last) are (name, start, end) in order;
    `outcomes` are the literals of the outcome section.
    """

    name: str
    start: int
    end: int
    stop: int
    meta: tuple[Meta, ...]
    query: Query
    sections: tuple[tuple[str, int, int], ...]
    variables: tuple[tuple[str, int, int], ...]
    outcomes: tuple[Meta, ...]


class Broken(NamedTuple):
    """A rule that can't be read: why, and where; `name` is "" (and `meta` empty) when not even that could be."""

    message: str
    start: int
    end: int
    name: str
    meta: tuple[Meta, ...]


class Parsed(NamedTuple):
    """The rules of a text, and those that can't be read."""

    rules: tuple[RuleText, ...]
    broken: tuple[Broken, ...]


@lru_cache(maxsize=1)
def _lexer() -> Lexer:
    operand = r"(?:(?<=[\w\])])|(?<=[\w\])][ \t])|(?<=[\w\])][ \t]{2}))"  # a `/` behind one divides
    return Lexer(
        [
            ("_space", r"\s+|//[^\n]*|/\*[^*]*+(?:\*++[^*/][^*]*+)*+\*++/"),
            ("!a comment that is not closed", r"/\*[^\n]*"),
            ("field", r"\$[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"),
            ("string", r'"(?:[^"\\\n]++|\\[^\n])*+"|`[^`\n]*`'),
            ("!a string that is not closed", r'["`][^\n]*'),
            ("word", r"[A-Za-z_]\w*(?:\.\w+)*"),
            ("number", r"\d+(?:\.\d+)?\w*"),
            ("count", r"#[A-Za-z_]\w*"),
            ("list", r"%[A-Za-z_][\w.]*"),
            ("!unknown operator (YARA-L has = != < <= > >= in, and or not)", r"==|=~|~=|!~|<>|&&|\|\|"),
            ("sign", rf"!=|<=|>=|[=!<>(){{}}\[\],:+*.%-]|{operand}/"),
            ("regex", r"/(?:[^/\\\n]++|\\[^\n])++/"),
            ("!a regular expression that is not closed", r"/[^\n]*"),
        ]
    )


def parse(text: str) -> Parsed:
    """All rules of a text. Never raises; offsets count in `text`."""
    rules: list[RuleText] = []
    broken: list[Broken] = []
    for tokens, error in _split(text):
        if len(broken) >= MAX_BROKEN:
            at = tokens[0].start if tokens else error.start if error else 0
            broken.append(Broken(f"more than {MAX_BROKEN} faults; the rest is not read", at, at + 1, "", ()))
            break
        named = [token.kind for token in tokens[:3]] == ["word", "word", "sign"] and tokens[0].text.lower() == "rule"
        stop = _closing(tokens) if named else -1
        try:
            if named:
                if stop < 0:
                    raise error or QueryError(f"rule {tokens[1].text} has no closing brace", tokens[1].start, tokens[1].end)
                rules.append(_rule(tokens[: stop + 1]))
        except QueryError as fault:
            broken.append(Broken(fault.message, fault.start, fault.end, tokens[1].text, _meta_of(tokens)))
            continue
        stray = next((token for token in tokens[stop + 1 :] if token.text.lower() not in ("private", "global")), None)
        if stray is not None:
            broken.append(Broken(f"expected a rule, found {stray.text[:40]!r}", stray.start, stray.end, "", ()))
        elif error is not None:
            broken.append(Broken(error.message, error.start, error.end, "", ()))
    return Parsed(tuple(rules), tuple(broken))


def _closing(tokens: list[Token]) -> int:
    """The index of a rule's closing brace; -1 when it has none. No braces stand inside a rule."""
    return next((at for at, token in enumerate(tokens) if token.kind == "sign" and token.text == "}"), -1)


def _split(text: str) -> Iterator[tuple[list[Token], QueryError | None]]:
    """The tokens of each rule (those before the first, if any, come alone), and what ended them early."""
    at = 0
    while True:
        error = None
        tokens: list[Token] = []
        try:
            _lexer().tokens(text, at, out=tokens, limit=MAX_RULE_TOKENS).pop()
        except QueryError as fault:
            error = fault
        starts = [
            index
            for index, token in enumerate(tokens[:-2])
            if token.text.lower() == "rule" and tokens[index + 1].kind == "word" and tokens[index + 2].text == "{"
        ]
        full = error is not None and len(tokens) == MAX_RULE_TOKENS
        if full and starts and starts[-1] > 0:  # whole rules, and the beginning of one that is read in the next round
            at = tokens[starts[-1]].start
            del tokens[starts.pop() :]
            error = None
        elif full:
            name = tokens[1]
            error = QueryError(f"a rule of more than {MAX_RULE_TOKENS:,} tokens", name.start, name.end)
        for first, last in zip([0, *starts], [*starts, len(tokens)], strict=True):
            if first < last:
                yield tokens[first:last], error if last == len(tokens) else None
        if not tokens and error is not None:
            yield [], error
        if error is not None:
            head = re.compile(_HEAD).search(text, max(error.start, tokens[-1].end if tokens else 0) + 1)
            if head is None:
                return
            at = head.start()
        elif not full:
            return


def _rule(tokens: list[Token]) -> RuleText:
    """One rule of its tokens: `rule NAME {` … `}`."""
    name = tokens[1]
    sections = _sections(tokens[3:-1])
    for needed in ("events", "condition"):
        if not sections.get(needed):
            raise QueryError(f"rule {name.text} has no {needed}", name.start, name.end)
    query, variables = _query(sections)
    spans = tuple((key, part[0].start, part[-1].end) for key, part in sections.items() if part)
    meta = _pairs(sections.get("meta", []))
    return RuleText(
        name.text, name.start, name.end, tokens[-1].end, meta, query, spans, variables, _outcomes(sections.get("outcome", []))
    )


def _sections(tokens: list[Token]) -> dict[str, list[Token]]:
    """The tokens of each section by its name."""
    heads: list[int] = []
    depth = 0
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "sign":
            depth += (token.text in "([") - (token.text in ")]")
        elif token.kind == "word" and tokens[at + 1].text == ":" and (depth < 1 or token.text.lower() in _SECTIONS):
            heads.append(at)  # within brackets a word and a colon name an argument
    if tokens and (not heads or heads[0] > 0):
        raise QueryError(f"expected a section, found {tokens[0].text[:40]!r}", tokens[0].start, tokens[0].end)
    out: dict[str, list[Token]] = {}
    for first, last in zip(heads, [*heads[1:], len(tokens)], strict=bool(tokens)):
        key = tokens[first].text.lower()
        if key in out:
            raise QueryError(f"a second section {key}", tokens[first].start, tokens[first].end)
        out[key] = tokens[first + 2 : last]
    return out


def _pairs(tokens: list[Token]) -> tuple[Meta, ...]:
    """`key = value` lines. QueryError where something else stands."""
    cursor = Cursor(_ended(tokens))
    out: list[Meta] = []
    while cursor.now.kind != "end":
        key = cursor.take()
        if key.kind != "word":
            raise QueryError(f"expected a key, found {key.text[:40]!r}", key.start, key.end)
        cursor.expect("=")
        if cursor.sees("-"):
            cursor.take()
        if cursor.now.kind not in ("string", "number", "word"):
            raise cursor.error("expected a value")
        value = cursor.take()
        out.append(Meta(key.text, literal(value), value.start, value.end))
    return tuple(out)


def _meta_of(tokens: list[Token]) -> tuple[Meta, ...]:
    """What can be read of the meta section of a broken rule."""
    out: list[Meta] = []
    for key, equals, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if key.text in ("events", "match", "outcome", "condition") and equals.text == ":":
            break
        if key.kind == "word" and equals.text == "=" and value.kind == "string":
            out.append(Meta(key.text, literal(value), value.start, value.end))
    return tuple(out)


def _outcomes(tokens: list[Token]) -> tuple[Meta, ...]:
    """`$name = "literal"` of the outcome section."""
    return tuple(
        Meta(name.text[1:], literal(value), value.start, value.end)
        for name, equals, value in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if name.kind == "field" and equals.text == "=" and value.kind == "string"
    )


def _ended(tokens: list[Token]) -> list[Token]:
    end = tokens[-1].end if tokens else 0
    return [*tokens, Token("end", "", end, end)]


# events and condition → a tree for each event variable


def _query(sections: dict[str, list[Token]]) -> tuple[Query, tuple[tuple[str, int, int], ...]]:
    events = Expressions(_ended(sections["events"]))
    statements = events.statements()
    condition = Expressions(_ended(sections["condition"]), condition=True)
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
            parts.append(Part(Not(tree) if of in absent else tree, (source,)))
    return Query(tuple(parts), tuple(_lists(parts))), _spans(sections["events"], statements)


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


def _spans(tokens: list[Token], statements: list[tuple[Node | None, int, int]]) -> tuple[tuple[str, int, int], ...]:
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
