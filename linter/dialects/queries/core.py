"""What all query languages share: tokens, a cursor, and/or/not with either precedence, and what a query yields.

A front end declares its tokens as (kind, pattern) pairs, subclasses `Cursor`, and calls `boolean` with a function that reads
one operand. Depth and number of terms are bounded here, so that no query can exhaust the stack or the clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from linter.rule import And, Node, Not, Or, OrgList, Term, pattern_text

MAX_DEPTH = 120  # nested groups; the deepest public rule has 14
MAX_TERMS = 200_000
MAX_TOKENS = 1_000_000
MOST_TOKENS = 60_000  # of a query of Elastic's languages, read within half a second; the largest public one has 5,600


class QueryError(ValueError):
    """A query that can't be read: why, and the offsets of the place in the query's text."""

    def __init__(self, message: str, start: int, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = start + 1 if end is None else end


class Token(NamedTuple):
    """A token: its kind (a name of the front end's, or "end"), its text as written, and its offsets."""

    kind: str
    text: str
    start: int
    end: int


class Part(NamedTuple):
    """One condition tree and what it reads: tables, indexes, data models, an EQL category, a UDM event variable."""

    tree: Node
    sources: tuple[str, ...] = ()


class Query(NamedTuple):
    """What a front end makes of a query: one part a sub-query or event, and the organisation lists it consults."""

    parts: tuple[Part, ...]
    lists: tuple[OrgList, ...] = ()


class Lexer:
    """A tokeniser made of (kind, pattern) pairs; kinds starting with `_` are dropped (white space, comments).

    A pair whose kind starts with `!` is an error: what follows is the message for a match (an unterminated string, say).
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], flags: int = 0) -> None:
        self._kinds = ["", *("" if kind[0] in "_!" else kind for kind, _ in pairs)]  # by group; "": no token
        self._messages = {group: kind[1:] for group, (kind, _) in enumerate(pairs, 1) if kind[0] == "!"}
        self._scan = re.compile("|".join(f"({pattern})" for _, pattern in pairs), flags)
        if self._scan.groups != len(pairs):
            raise ValueError("a token pattern holds a capturing group")

    def tokens(
        self, text: str, start: int = 0, end: int | None = None, out: list[Token] | None = None, limit: int = MAX_TOKENS
    ) -> list[Token]:
        """All tokens of a text, with an "end" token last. QueryError where nothing matches; `out` then holds those before."""
        out = [] if out is None else out
        at, stop = start, len(text) if end is None else end
        kinds, new, add, left = self._kinds, tuple.__new__, out.append, limit - len(out)
        for found in self._scan.finditer(text, start, stop):
            begin, finish = found.span()
            if begin != at or begin == finish:
                break
            kind = kinds[found.lastindex or 1]
            if kind:
                if left <= 0:
                    raise QueryError(f"more than {limit} tokens", at)
                left -= 1
                add(new(Token, (kind, found.group(), begin, finish)))  # half the time of Token(…)
            elif message := self._messages.get(found.lastindex or 1):
                raise QueryError(message, at, finish)
            at = finish
        if at < stop:
            raise QueryError(f"unexpected character {text[at]!r}", at)
        out.append(Token("end", "", stop, stop))
        return out


class Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.terms = 0

    @property
    def now(self) -> Token:
        """The token under the cursor; the "end" token for ever at the end."""
        return self.tokens[self.at]

    def ahead(self, steps: int = 1) -> Token:
        """The token some steps on."""
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The token under the cursor; moves on."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Whether the token under the cursor is one of these words or signs (lower case compared); never a string."""
        token = self.tokens[self.at]
        return token.kind != "string" and token.text.lower() in texts

    def accept(self, *texts: str) -> Token | None:
        """Takes the token if it is one of these."""
        token = self.tokens[self.at]
        if token.kind == "string" or token.text.lower() not in texts:
            return None
        return self.take()

    def expect(self, *texts: str) -> Token:
        """Takes one of these, or says what stood there instead."""
        if not self.sees(*texts):
            raise self.error(f"expected {' or '.join(texts)}")
        return self.take()

    def error(self, message: str) -> QueryError:
        """An error at the cursor; names what stands there."""
        token = self.now
        found = "the end of the query" if token.kind == "end" else repr(token.text[:40])
        return QueryError(f"{message}, found {found}", token.start, max(token.end, token.start + 1))

    def enter(self) -> None:
        """Goes one group deeper; QueryError past MAX_DEPTH. Pair it with `leave`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError(f"groups nested deeper than {MAX_DEPTH}", self.now.start)

    def leave(self) -> None:
        """Comes out of a group."""
        self.depth -= 1

    def count(self) -> None:
        """Counts a term; QueryError past MAX_TERMS."""
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS} terms", self.now.start)

    def boolean(
        self,
        operand: Callable[[], Node | None],
        *,
        and_words: tuple[str, ...] = ("and",),
        or_words: tuple[str, ...] = ("or",),
        not_words: tuple[str, ...] = ("not",),
        or_first: bool = False,
        implicit: Callable[[], bool] | None = None,
    ) -> Node | None:
        """A chain of operands under and, or, not. `operand` reads one (groups included; None: it says nothing).

        `or_first`: OR binds tighter than AND (Splunk's search). `implicit`: whether, without an operator, another operand
        follows that is joined by AND.
        """

        def negation() -> Node | None:
            odd, found = False, False
            while self.accept(*not_words):
                odd, found = not odd, True
            node = operand()
            if node is None or not found:
                return node
            return Not(node) if odd else Not(Not(node))

        def tight() -> Node | None:
            items = [negation()]
            words = or_words if or_first else and_words
            while True:
                if self.accept(*words) or (not or_first and implicit is not None and not self.sees(*or_words) and implicit()):
                    items.append(negation())
                else:
                    return disjunction(items) if or_first else conjunction(items)

        items = [tight()]
        words = and_words if or_first else or_words
        while True:
            if self.accept(*words) or (or_first and implicit is not None and not self.sees(*or_words) and implicit()):
                items.append(tight())
            else:
                return conjunction(items) if or_first else disjunction(items)


def conjunction(items: Sequence[Node | None]) -> Node | None:
    """AND of what says something; None when nothing does. Nested ANDs without a label are flattened."""
    flat: list[Node] = []
    for item in items:
        if isinstance(item, And) and not item.label:
            flat.extend(item.items)
        elif item is not None:
            flat.append(item)
    return flat[0] if len(flat) == 1 else And(tuple(flat)) if flat else None


def disjunction(items: Sequence[Node | None]) -> Node | None:
    """OR of what says something. An operand that says nothing is left out. Nested ORs without a label are flattened."""
    flat: list[Node] = []
    for item in items:
        if isinstance(item, Or) and not item.label:
            flat.extend(item.items)
        elif item is not None:
            flat.append(item)
    return flat[0] if len(flat) == 1 else Or(tuple(flat)) if flat else None


def wildcard(value: str, *, escape: str = "\\") -> tuple[str, str]:
    """(op, value) of a value with `*` and `?` wildcards: eq, contains, startswith, endswith, like or exists.

    `escape` before a wildcard (or before itself, before one) makes it literal; elsewhere it stands for itself. The value of
    a `like` is `rule.pattern_text`; the others are plain text.
    """
    if "*" not in value and "?" not in value:
        return "eq", value
    if not escape or (escape + "*" not in value and escape + "?" not in value):
        inner = value.strip("*")
        if inner and "*" not in inner and "?" not in inner:
            return _SHAPES[value[0] == "*", value[-1] == "*"], inner
    parts: list[tuple[bool, str]] = []
    at = 0
    while at < len(value):
        char = value[at]
        if escape and char == escape:
            run = at
            while value[run : run + 1] == escape:
                run += 1
            length, at = run - at, run
            if value[run : run + 1] not in ("*", "?"):
                parts.append((False, escape * length))
                continue
            parts.append((False, escape * (length // 2)))
            if length % 2:
                parts.append((False, value[run]))
                at += 1
            continue
        parts.append((char in "*?", char))
        at += 1
    return pattern(parts)


_SHAPES = {(False, False): "eq", (True, False): "endswith", (False, True): "startswith", (True, True): "contains"}


def pattern(pieces: Sequence[tuple[bool, str]]) -> tuple[str, str]:
    """(op, value) of a pattern in pieces: (True, "*" or "?") is a wildcard, (False, text) is literal text."""
    parts: list[tuple[bool, str]] = []
    plain: list[str] = []
    for wild, text in pieces:
        if not wild:
            plain.append(text)
            continue
        if literal := "".join(plain):
            parts.append((False, literal))
        plain = []
        if not (text == "*" and parts and parts[-1] == (True, "*")):
            parts.append((True, text))
    if literal := "".join(plain):
        parts.append((False, literal))
    match parts:
        case []:
            return "eq", ""
        case [(False, text)]:
            return "eq", text
        case [(True, "*")]:
            return "exists", ""
        case [(True, "*"), (False, text)]:
            return "endswith", text
        case [(False, text), (True, "*")]:
            return "startswith", text
        case [(True, "*"), (False, text), (True, "*")]:
            return "contains", text
    return "like", pattern_text(parts)


def pieces(raw: str, special: str = "", wild: str = "*?") -> list[tuple[bool, str]]:
    """The pieces of a pattern for `pattern`, where a backslash makes the characters of `special` (any, if "") literal."""
    out: list[tuple[bool, str]] = []
    at = 0
    while at < len(raw):
        char = raw[at]
        at += 1
        if char == "\\" and at < len(raw) and (not special or raw[at] in special):
            out.append((False, raw[at]))
            at += 1
        else:
            out.append((char in wild, char))
    return out


def is_network(value: str) -> bool:
    """Whether a value is an address range, `10.0.0.0/8` or `fe80::/10`: a comparison with it is a `cidr`."""
    address, slash, bits = value.partition("/")
    if not slash or not bits.isdigit() or len(bits) > 3 or len(address) > 45:
        return False
    if ":" in address:
        return all(char in "0123456789abcdefABCDEF:." for char in address)
    numbers = address.split(".")
    return len(numbers) == 4 and all(number.isdigit() and len(number) <= 3 for number in numbers)


FOREIGN = frozenset(("=", "==", "!=", "=~", "!~", "<>", "|", "||", "&&"))  # words that no search for plain text has


def any_of(terms: Sequence[Node], label: str = "") -> Node:
    """OR of a value list; the single term itself."""
    return terms[0] if len(terms) == 1 else Or(tuple(terms), label)


def shifted(node: Node, by: int) -> Node:
    """The same tree with every term's offsets moved: for a query read out of the middle of another text."""
    if isinstance(node, Term):
        return node._replace(start=node.start + by, end=node.end + by)
    if isinstance(node, Not):
        return Not(shifted(node.item, by), node.label)
    if isinstance(node, And | Or):
        return type(node)(tuple(shifted(item, by) for item in node.items), node.label)
    return node
