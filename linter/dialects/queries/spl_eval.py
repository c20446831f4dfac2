"""Expressions of SPL's `where` and `eval`: AND before OR, values compared as they are, fields unless quoted."""

from __future__ import annotations

from typing import NamedTuple

from linter.dialects.queries.core import Cursor, QueryError, Token, any_of, wildcard
from linter.dialects.queries.spl_search import MAX_TERMS, Host, deny
from linter.dialects.queries.spl_text import plain
from linter.rule import Node, Not, Term

_COMPARES = {"=": "eq", "==": "eq", "!=": "eq", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_FLIPPED = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte", "eq": "eq"}
_FOLDS = ("lower", "upper")  # the value is the field's, without regard to case
_SAME = ("trim", "ltrim", "rtrim", "tostring", "tonumber", "urldecode", "printf", "ipmask", "exact")  # and with it
_TESTS = ("match", "like", "cidrmatch", "in", "isnull", "isnotnull", "searchmatch", "true", "false", "not")
MAX_TEXT = 200


class Value(NamedTuple):
    """A value in an expression: a literal, a field, or anything else (kind "expr"), whose text then names it."""

    kind: str
    text: str
    start: int
    end: int
    folded: bool = False


class EvalParser(Cursor):
    """Reads one boolean expression of `where`."""

    def __init__(self, tokens: list[Token], host: Host, text: str, depth: int) -> None:
        super().__init__(tokens)
        self.depth = depth
        self.host = host
        self.text = text
        self.pairs: dict[int, int] = {}
        opened: list[int] = []
        for at, token in enumerate(tokens):
            if token.kind == "open":
                opened.append(at)
            elif token.kind == "close":
                if not opened:
                    raise QueryError("a ) without a (", token.start, token.end)
                self.pairs[opened.pop()] = at
        if opened:
            raise QueryError("a ( is not closed", tokens[opened[-1]].start, tokens[opened[-1]].end)

    def expression(self) -> Node | None:
        """The whole expression of a `where`."""
        if self.now.kind == "end":
            return None
        node = self.disjunction()
        if self.now.kind != "end":
            raise self.error("expected an operator")
        return node

    def disjunction(self) -> Node | None:
        """Operands under and, or (xor: what either side says can't be told apart, and is read as or)."""
        return self.boolean(self.operand, not_words=(), or_words=("or", "xor"))

    def operand(self) -> Node | None:
        """An operand with the NOTs before it."""
        odd = found = False
        while self.accept("not", "!"):
            odd, found = not odd, True
        node = self.comparison()
        if node is None or not found:
            return node
        return deny(node) if odd else Not(Not(node))

    def comparison(self) -> Node | None:
        """A group, a test or a comparison of two values."""
        token = self.now
        if token.kind == "open" and not self.arithmetic(self.pairs[self.at]):
            self.enter()
            self.take()
            node = None if self.now.kind == "close" else self.disjunction()
            self.expect(")")
            self.leave()
            return node
        if token.kind == "word" and self.ahead().kind == "open" and token.text.lower() in _TESTS:
            if not self.arithmetic(self.pairs[self.at + 1]):
                return self.test(self.take().text.lower(), token.start)
        elif token.kind in ("sub", "macro") and (
            self.ahead().kind in ("end", "close") or self.ahead().text.lower() in ("and", "or", "xor")
        ):
            self.take()
            if token.kind == "sub":
                return self.host.subsearch(token, False)
            self.host.macro(token)
            return None
        left = self.sum()
        return self.compare(left)

    def arithmetic(self, closed: int) -> bool:
        """Whether the token behind a closing bracket goes on with a value or a comparison."""
        after = self.tokens[min(closed + 1, len(self.tokens) - 1)]
        return after.kind in ("op", "sign") or (after.kind == "word" and after.text.lower() in ("like", "in"))

    def counted(self) -> None:
        """Counts a term."""
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS:,} terms", self.now.start, self.now.end)

    def compare(self, left: Value) -> Node | None:
        """What follows a comparison's left side, and the term."""
        self.counted()
        sign = self.now
        if sign.kind == "op":
            self.take()
            right = self.sum()
            op = _COMPARES[sign.text]
            if left.kind == "literal" and right.kind == "literal":
                return None
            if left.kind == "literal" or (left.kind == "expr" and right.kind == "field"):
                left, right, op = right, left, _FLIPPED[op]
            term = self.made(left, op, right, sign.text)
            return deny(term) if sign.text == "!=" else term
        denied = False
        if self.sees("not") and self.ahead().text.lower() in ("in", "like"):
            self.take()
            denied = True
        if self.accept("like"):
            node: Node | None = self.like(left, self.sum(), "LIKE", None)
        elif self.sees("in") and self.ahead().kind == "open":
            self.take()
            node = self.members(left, self.values(), "IN")
        elif left.kind == "field" and not denied:
            node = self.made(left, "eq", Value("literal", "true", left.start, left.end), "")
        elif left.kind in ("literal", "expr") and not denied:
            return None
        else:
            raise self.error("expected an operator")
        return deny(node) if denied and node is not None else node

    def made(self, left: Value, op: str, right: Value, native: str) -> Term:
        """The term of a field (or an expression) and a value."""
        start, end = min(left.start, right.start), max(left.end, right.end)
        cased = not (left.folded or right.folded) and op == "eq" and not _number(right.text)
        term = self.host.term(left.text, op, right.text, native, cased, start, end)
        if left.kind != "field" or right.kind != "literal":
            return term._replace(derived=True)
        return term._replace(op="null", cased=False) if op == "eq" and not right.text and native else term

    def like(self, left: Value, right: Value, native: str, span: tuple[int, int] | None) -> Term:
        """`%` stands for any text, `_` for one character."""
        text = right.text
        if right.kind == "literal":
            text = text.replace("*", "\0*").replace("?", "\0?").replace("%", "*").replace("_", "?")
            op, text = wildcard(text, escape="\0")
        else:
            op = "like"
        term = self.host.term(left.text, op, text, native, not left.folded, *(span or (left.start, right.end)))
        return term._replace(derived=True) if left.kind != "field" or right.kind != "literal" else term

    def members(self, left: Value, values: list[Value], native: str) -> Node | None:
        """A field that is one of several values."""
        terms: list[Node] = []
        for value in values:
            self.counted()
            term = self.host.term(left.text, "eq", value.text, native, not left.folded, value.start, value.end)
            terms.append(term._replace(derived=True) if left.kind != "field" or value.kind != "literal" else term)
        return any_of(terms) if terms else None

    def values(self) -> list[Value]:
        """The values in a parenthesis, separated by commas."""
        self.enter()
        self.expect("(")
        found: list[Value] = []
        while self.now.kind not in ("close", "end"):
            if self.accept(","):
                continue
            found.append(self.sum())
            if self.now.kind not in ("close", "comma"):
                raise self.error("expected , or )")
        self.expect(")")
        self.leave()
        return found

    def test(self, name: str, start: int) -> Node | None:
        """A function that says yes or no."""
        if name == "not":
            self.enter()
            self.expect("(")
            node = self.disjunction()
            self.expect(")")
            self.leave()
            return deny(node) if node is not None else None
        self.counted()
        if name == "searchmatch" and self.ahead().kind == "string" and self.ahead(2).kind == "close":
            self.take()
            token = self.take()
            self.take()
            return self.host.fragment(token)
        closed = self.tokens[self.pairs[self.at]]
        if name in ("match", "isnull", "isnotnull") and self.boolean_inside():
            self.at = self.pairs[self.at] + 1
            return None
        values = self.values()
        if name in ("true", "false") or not values:
            return None
        native = f"{name}()"
        first = values[0]
        if name in ("isnull", "isnotnull"):
            term = self.host.term(first.text, "null" if name == "isnull" else "exists", "", native, False, start, closed.end)
            return term._replace(derived=True) if first.kind != "field" else term
        if name == "in":
            return self.members(first, values[1:], native)
        if len(values) < 2:
            raise QueryError(f"{name}() takes two arguments", start, closed.end)
        second = values[1]
        if name == "like":
            return self.like(first, second, native, (start, closed.end))
        if name == "cidrmatch":
            first, second = second, first
        op = "re" if name == "match" else "cidr"
        cased = op == "re" and not first.folded and not second.text.startswith("(?i)")
        term = self.host.term(first.text, op, second.text, native, cased, start, closed.end)
        return term._replace(derived=True) if first.kind != "field" or second.kind != "literal" else term

    def boolean_inside(self) -> bool:
        """Whether a comparison stands directly in the parenthesis under the cursor."""
        depth = 0
        for at in range(self.at + 1, self.pairs[self.at]):
            token = self.tokens[at]
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0 and token.kind == "op":
                return True
        return False

    def sum(self) -> Value:
        """A value: operands joined by signs."""
        first = self.single()
        if self.now.kind != "sign":
            return first
        end = first.end
        while self.now.kind == "sign":
            self.take()
            end = self.single().end
        return Value("expr", self.written(first.start, end), first.start, end)

    def written(self, start: int, end: int) -> str:
        """A piece of the text on one line, cut to a bearable length."""
        return " ".join(self.text[start : min(end, start + MAX_TEXT)].split())

    def single(self) -> Value:
        """One value."""
        token = self.now
        kind = token.kind
        if kind == "sign" and token.text in ("-", "+"):
            self.take()
            inner = self.signed()
            if inner.kind == "literal":
                return Value("literal", token.text.strip("+") + inner.text, token.start, inner.end)
            return Value("expr", self.written(token.start, inner.end), token.start, inner.end)
        if kind == "string":
            self.take()
            return Value("literal", plain(token.text), token.start, token.end)
        if kind == "number":
            self.take()
            text = "0" + token.text if token.text[0] == "." else token.text
            return Value("literal", text, token.start, token.end)
        if kind == "field":
            self.take()
            return Value("field", token.text[1:-1], token.start, token.end)
        if kind == "word":
            return self.named(self.take())
        if kind == "open":
            closed = self.tokens[self.pairs[self.at]]
            self.at = self.pairs[self.at] + 1
            return Value("expr", self.written(token.start, closed.end), token.start, closed.end)
        if kind == "sub":
            self.host.subsearch(self.take(), False)
            return Value("expr", "[…]", token.start, token.end)
        if kind == "macro":
            self.host.macro(self.take())
            return Value("expr", token.text[:MAX_TEXT], token.start, token.end)
        raise self.error("expected a value")

    def signed(self) -> Value:
        """What stands behind a sign; signs in a row are taken in one go."""
        while self.now.kind == "sign" and self.now.text in ("-", "+"):
            self.take()
        return self.single()

    def named(self, token: Token) -> Value:
        """A field, or a function with its arguments."""
        name = token.text.lower()
        if self.now.kind != "open":
            if name in ("true", "false"):
                return Value("literal", name, token.start, token.end)
            if name in ("and", "or", "xor", "like", "in"):
                self.at -= 1
                raise self.error("expected a value")
            if token.text[0] == "$" or token.text[0] == "<":
                return Value("expr", token.text, token.start, token.end)
            return Value("field", token.text, token.start, token.end)
        opened, closed = self.at, self.pairs[self.at]
        end = self.tokens[closed].end
        if name in _FOLDS or name in _SAME:
            self.enter()
            self.take()
            inner = self.sum() if self.now.kind != "close" else Value("expr", name, token.start, end)
            self.leave()
            if inner.kind != "expr" and (self.at == closed or self.now.kind == "comma"):
                self.at = closed + 1
                return Value(inner.kind, inner.text, token.start, end, inner.folded or name in _FOLDS)
        for at in range(opened, closed):
            if self.tokens[at].kind == "sub":
                self.host.subsearch(self.tokens[at], False)
        self.at = closed + 1
        return Value("expr", self.written(token.start, end), token.start, end)


def _number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()
