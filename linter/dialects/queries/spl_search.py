"""Search expressions of SPL: `search`, the implicit first command, the where clauses of tstats and inputlookup.

OR binds tighter than AND, terms that stand side by side are joined by AND, operators are written in capitals, values are
compared without regard to case and `*` is the only wildcard.
"""

from __future__ import annotations

import re
from typing import Protocol

from linter.dialects.queries.core import Cursor, QueryError, Token, any_of, wildcard
from linter.dialects.queries.spl_text import plain
from linter.dialects.queries.spl_words import TIMES
from linter.rule import Node, Not, Term

MAX_TERMS = 20_000
_CIDR = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-fA-F]{0,4}(?::[\da-fA-F]{0,4}){2,7})/\d{1,3}")
_ORDER = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_FOREIGN = ("{", "}", ":", ";", "&&", "~")  # no term of a search looks like this, those of other languages do
_INDEXED = re.compile(r"(?![\da-fA-F]+::[\da-fA-F:]*$)([A-Za-z_][\w.]*)::(.*)", re.DOTALL)  # but not `fe80::1`
_WRAPS = ("TERM", "CASE", "PREFIX")


class Host(Protocol):
    """What the parsers of expressions need of the pipeline in which the expression stands."""

    def term(
        self, field: str, op: str, value: str, native: str, cased: bool, start: int, end: int, *, listed: bool = False
    ) -> Term:
        """A term on a column as it is called at this place."""

    def subsearch(self, token: Token, negated: bool) -> Node | None:
        """What a `[…]` in a filter says by itself; its search becomes a part of its own."""

    def macro(self, token: Token) -> None:
        """Notes a macro that is not expanded."""

    def node(self, name: str) -> None:
        """Notes the node of the data model that a tstats reads."""

    def fragment(self, token: Token) -> Node | None:
        """A search expression inside a quoted string (`searchmatch`)."""


class SearchParser(Cursor):
    """Reads one search expression."""

    def __init__(self, tokens: list[Token], host: Host, depth: int) -> None:
        for at, token in enumerate(tokens):  # `and`, `or`, `not` in small letters are words like others
            if token.kind == "word" and token.text.lower() in ("and", "or", "not") and not token.text.isupper():
                tokens[at] = token._replace(kind="string")
        super().__init__(tokens)
        self.host = host
        self.depth = depth
        self.negated = False

    def expression(self) -> Node | None:
        """The whole expression; None when it says nothing. QueryError where it can't be read."""
        if self.now.kind == "end":
            return None
        node = self.boolean(self.operand, not_words=(), or_first=True, implicit=self.follows)
        if self.now.kind != "end":
            raise self.error("expected a term")
        return node

    def follows(self) -> bool:
        """Whether another operand stands here."""
        while self.now.kind == "comma":
            self.take()
        return self.now.kind not in ("end", "close", "op")

    def operand(self) -> Node | None:
        """An operand with the NOTs before it."""
        odd = found = False
        while self.accept("not"):
            odd, found = not odd, True
        if not found:
            return self.single()
        self.negated ^= odd
        node = self.single()
        self.negated ^= odd
        if node is None:
            return None
        return deny(node) if odd else Not(Not(node))

    def single(self) -> Node | None:
        """A group, a comparison, a keyword, a sub-search or a macro."""
        token = self.now
        kind = token.kind
        if kind in ("word", "string"):
            return self.comparison()
        if kind == "open":
            return self.group()
        if kind == "sub":
            return self.host.subsearch(self.take(), self.negated)
        if kind == "macro":
            self.host.macro(self.take())
            return None
        raise self.error("expected a term")

    def group(self) -> Node | None:
        """A parenthesis."""
        self.enter()
        opened = self.take()
        node = None
        if self.now.kind != "close":
            node = self.boolean(self.operand, not_words=(), or_first=True, implicit=self.follows)
        if self.now.kind == "end":
            raise QueryError("a ( is not closed", opened.start, opened.end)
        self.expect(")")
        self.leave()
        return node

    def comparison(self) -> Node | None:
        """`field op value`, `field IN (…)` or a keyword."""
        name = self.take()
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS:,} terms", name.start, name.end)
        after = self.now
        if after.kind == "op":
            self.take()
            return self.value(name, after)
        if after.kind == "word":
            word = after.text.upper()
            if word == "IN" and self.ahead().kind == "open":
                self.take()
                return self.members(name, False)
            if word == "NOT" and self.ahead().text.upper() == "IN" and self.ahead(2).kind == "open":
                self.take()
                self.take()
                return self.members(name, True)
        if name.kind == "word" and after.kind == "open" and name.text in _WRAPS and after.start == name.end:
            return self.wrapped(name)
        text = plain(name.text)
        indexed = _INDEXED.fullmatch(text) if name.kind == "word" and "::" in text else None
        if indexed is not None:  # `field::value` asks for a field that was made when the event was indexed
            value, end = indexed[2], name.end
            if not value and after.kind == "string" and after.start == end:
                value, end = plain(self.take().text), after.end
            return self.compare(name._replace(text=indexed[1]), Token("op", "::", end, end), value, name.start, end)
        if name.kind == "word" and (text in _FOREIGN or (text == "where" and after.kind in ("word", "string"))):
            raise QueryError(f"{text!r} stands where SPL has none; is this another language?", name.start, name.end)
        if not text.strip("*"):
            return None
        return self.host.term("", "keyword", text, "", False, name.start, name.end)

    def value(self, name: Token, sign: Token) -> Node | None:
        """The right side of a comparison, and the term."""
        token = self.now
        if name.kind == "word" and not any(char.isalnum() or char in "_*$" for char in name.text):
            raise QueryError(f"unknown operator {(name.text + sign.text)[:20]!r}", name.start, sign.end)
        if token.text == "~" and token.start == sign.end:
            raise QueryError(f"unknown operator {sign.text + token.text!r}", sign.start, token.end)
        if token.kind in ("sub", "macro"):
            return self.given(name, sign, self.take())
        if token.kind == "open" and sign.text in ("=", "!=", "=="):  # field=(a OR b) is not documented, but accepted
            return self.spread(name, sign)
        if token.kind == "word" and token.text in _WRAPS and self.ahead().kind == "open":
            wrapped = self.wrapped(self.take())
            return self.compare(name, sign, wrapped.value, token.start, wrapped.end, token.text == "CASE")
        if token.kind not in ("word", "string"):
            raise self.error(f"expected a value after {plain(name.text)[:60]}{sign.text}")
        self.take()
        if token.text[:1] == '"':
            return self.compare(name, sign, plain(token.text), token.start, token.end)
        end = token.end
        while self.now.start == end and self.now.kind in ("word", "comma", "op"):
            if self.now.kind == "comma" and self.ahead().start != self.now.end:
                break
            end = self.take().end
        text = token.text if end == token.end else self.joined(token.start)
        return self.compare(name, sign, plain(text), token.start, end)

    def joined(self, start: int) -> str:
        """The text of the adjacent tokens from `start` to the cursor."""
        at = self.at - 1
        parts: list[str] = []
        while at >= 0 and self.tokens[at].start >= start:
            parts.append(self.tokens[at].text)
            at -= 1
        return "".join(reversed(parts))

    def wrapped(self, name: Token) -> Term:
        """`TERM(…)` or `CASE(…)`: a keyword."""
        self.expect("(")
        parts: list[str] = []
        while self.now.kind not in ("close", "end"):
            parts.append(plain(self.take().text))
        end = self.expect(")").end
        return self.host.term("", "keyword", "".join(parts), f"{name.text}()", name.text == "CASE", name.start, end)

    def given(self, name: Token, sign: Token, token: Token) -> Node | None:
        """A field compared with what a sub-search or a macro stands for."""
        if token.kind == "sub":
            self.host.subsearch(token, self.negated)
            return None
        self.host.macro(token)
        field = plain(name.text)
        if field.lower() in TIMES:
            return None
        term = self.host.term(field, "eq", token.text[1:-1], sign.text, False, name.start, token.end, listed=True)
        return Not(term) if sign.text == "!=" else term

    def spread(self, name: Token, sign: Token) -> Node | None:
        """`field=(a OR b)`: the field with each value in the parenthesis."""
        self.take()
        terms: list[Node] = []
        while self.now.kind in ("word", "string", "comma"):
            token = self.take()
            if token.kind == "comma" or token.text == "OR":
                continue
            term = self.compare(name, Token("op", "=", sign.start, sign.end), plain(token.text), token.start, token.end)
            if term is not None:
                terms.append(term)
        self.expect(")")
        node = any_of(terms) if terms else None
        return Not(node) if node is not None and sign.text == "!=" else node

    def members(self, name: Token, negated: bool) -> Node | None:
        """The list of an IN."""
        opened = self.expect("(")
        field, terms = name.text, []
        while self.now.kind != "close":
            token = self.take()
            if token.kind == "end":
                raise QueryError("a ( is not closed", opened.start, opened.end)
            if token.kind == "comma":
                continue
            self.terms += 1
            if token.kind in ("sub", "macro"):
                node = self.given(name, Token("op", "IN", opened.start, opened.end), token)
            else:
                end, text = token.end, token.text
                while self.now.start == end and self.now.kind in ("word", "op", "string") and text[:1] != '"':
                    end, text = self.now.end, text + self.take().text
                node = self.compare(name, Token("op", "IN", opened.start, opened.end), plain(text), token.start, end, at=token)
            if node is not None:
                terms.append(node)
        self.take()
        if self.terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS:,} terms", opened.start, opened.end)
        if not terms:
            return None
        if not field:
            raise self.error("expected a field")
        return deny(any_of(terms)) if negated else any_of(terms)

    def compare(
        self, name: Token, sign: Token, value: str, start: int, end: int, cased: bool = False, at: Token | None = None
    ) -> Node | None:
        """The term of `name sign value`; None for a time modifier."""
        field = plain(name.text)
        if field.lower() in TIMES:
            return None
        if field == "nodename":
            self.host.node(value)
            return None
        native = sign.text
        begin = start if at is not None else name.start
        if native in _ORDER:
            return self.host.term(field, _ORDER[native], value, native, False, begin, end)
        differs = native == "!="
        op, text = matcher(value)
        if op == "eq" and not text and at is None:  # field="" asks whether there is anything
            op = "null"
        term = self.host.term(field, op, text, native, cased, begin, end)
        return deny(term) if differs else term


def deny(node: Node) -> Node:
    """NOT of a node; absence and presence turn into each other."""
    if isinstance(node, Term) and node.op in ("exists", "null"):
        return node._replace(op="null" if node.op == "exists" else "exists")
    return Not(node)


def matcher(value: str) -> tuple[str, str]:
    """(op, value) of a value of the search language: nothing escapes `*`, `?` is itself, `a.b.c.d/n` is a network."""
    if "*" not in value:
        return ("cidr" if "/" in value and _CIDR.fullmatch(value) else "eq"), value
    if "?" in value:
        return wildcard(value.replace("?", "\0?"), escape="\0")
    return wildcard(value, escape="")
