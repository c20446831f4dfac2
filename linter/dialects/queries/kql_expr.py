"""Kusto expressions: text → `Expr`. Precedence: or, and, equality and lists, arithmetic, string operators, member access."""

from __future__ import annotations

from linter.dialects.queries.core import Cursor, QueryError, Token
from linter.dialects.queries.kql_lex import unquoted
from linter.dialects.queries.kql_syntax import Expr

EQUALITY = frozenset(("==", "!=", "<>", "<", ">", "<=", ">="))
LISTS = frozenset(("in", "in~", "!in", "!in~", "has_any", "!has_any", "has_all", "!has_all"))
BETWEEN = frozenset(("between", "!between"))
STRING = frozenset(
    f"{no}{word}{cs}"
    for no in ("", "!")
    for word in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith")
    for cs in ("", "_cs")
) | {"=~", "!~", "matches", "like", "!like", "notlike", "likecs", "notlikecs", "notcontains", "containscs", "!containscs",
    "notcontainscs", ":"}  # fmt: skip
ARITHMETIC = frozenset("+-*/%")
SOURCES = frozenset(("union", "search", "find", "range", "print", "evaluate", "datatable", "externaldata", "external_data"))
TYPED = frozenset(("bool", "boolean", "int", "long", "real", "double", "decimal"))
PLACES = frozenset(("workspace", "app", "database", "cluster", "resource", "adx", "arg"))
MAX_NESTED = 60  # the deepest public rule has 14


class Expressions(Cursor):
    """Reads expressions; `tabular` (in the subclass) reads what may also be a pipeline: an argument, a group."""

    def tabular(self) -> Expr:
        """An expression, or a pipeline."""
        raise NotImplementedError

    def text(self) -> str:
        """The text of the token under the cursor (strings keep their quotes)."""
        return self.tokens[self.at].text

    def enter(self) -> None:
        """Goes one group deeper. Python's stack holds some ten frames a group, so the bound is lower than the core's."""
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise QueryError(f"groups nested deeper than {MAX_NESTED}", self.now.start)

    def expression(self) -> Expr:
        """A whole expression: operands under `or` and `and`."""
        tokens = self.tokens
        tight, loose = [self._equality()], list[Expr]()
        while True:
            word = tokens[self.at].text
            if word == "and":
                self.at += 1
                tight.append(self._equality())
                continue
            made = tight[0] if len(tight) == 1 else Expr("and", "", tight[0].start, tight[-1].end, tight)
            if word != "or":
                if not loose:
                    return made
                loose.append(made)
                return Expr("or", "", loose[0].start, made.end, loose)
            loose.append(made)
            self.at += 1
            tight = [self._equality()]

    def _equality(self) -> Expr:
        left = self._additive()
        while True:
            op = self.tokens[self.at].text
            if op in EQUALITY:
                self.at += 1
                right = self._additive()
                left = Expr("compare", op, left.start, right.end, [left, right])
            elif op in LISTS:
                self.at += 1
                left = self._list(left, op)
            elif op in BETWEEN:
                self.at += 1
                self.expect("(")
                low = self._additive()
                self.expect("..")
                high = self._additive()
                end = self.expect(")").end
                left = Expr("compare", op, left.start, end, [left, low, high])
            else:
                return left

    def _list(self, left: Expr, op: str) -> Expr:
        items = [left]
        if self.text() != "(":
            items.append(self._unary())  # `in list` without parentheses is accepted
            return Expr("compare", op, left.start, items[-1].end, items)
        opened = self.take()
        self.enter()
        while self.text() != ")":
            items.append(self.argument())
            if self.text() != ",":
                break
            self.at += 1
        self.leave()
        end = self.shut(opened)
        return Expr("compare", op, left.start, end, items)

    def _additive(self) -> Expr:
        """Operands under arithmetic and string operators (which bind tighter)."""
        tokens = self.tokens
        items: list[Expr] = []
        while True:
            left = self._unary()
            op = tokens[self.at].text
            while op in STRING and (op != ":" or self.colons):
                self.at += 1
                if op == "matches":
                    self.expect("regex")
                    op = "matches regex"
                right = self._unary()
                left = Expr("compare", op, left.start, right.end, [left, right])
                op = tokens[self.at].text
            if op in ARITHMETIC:
                self.at += 1
                items.append(left)
                continue
            if not items:
                return left
            items.append(left)
            return Expr("arith", "", items[0].start, left.end, items)

    colons = False  # whether `:` is an operator here (search)

    def _unary(self) -> Expr:
        token = self.tokens[self.at]
        if token.text != "-" and token.text != "+":
            return self.postfix(self._primary())
        minus = False
        while self.tokens[self.at].text in ("-", "+"):
            minus ^= self.take().text == "-"
        inner = self.postfix(self._primary())
        if inner.kind in ("num", "span"):
            inner.text = f"-{inner.text}" if minus else inner.text
            inner.start = token.start
            return inner
        return Expr("arith", "", token.start, inner.end, [inner])

    def _primary(self) -> Expr:
        token = self.tokens[self.at]
        kind, text = token.kind, token.text
        if kind == "name":
            if self.tokens[self.at + 1].text == "(":
                return self._call()
            self.at += 1
            if text in ("true", "false", "True", "False", "TRUE", "FALSE"):
                return Expr("bool", text.lower(), token.start, token.end)
            return Expr("name", text, token.start, token.end)
        if kind == "string":
            return self._string()
        if kind == "number":
            self.at += 1
            plain = text[-1].isdigit() or text[:2] in ("0x", "0X")
            return Expr("num" if plain else "span", text, token.start, token.end)
        if kind == "typed":
            self.at += 1
            inner = text[text.index("(") + 1 : -1].strip()
            return Expr("null" if inner == "null" else "typed", inner, token.start, token.end)
        if text == "(":
            self.at += 1
            self.enter()
            inner_expr = self.argument()
            self.leave()
            end = self.shut(token)
            if inner_expr.kind == "arith":
                inner_expr.start, inner_expr.end = token.start, end
            return inner_expr
        if text == "[":
            return self._bracketed()
        if text == "*":
            self.at += 1
            return Expr("star", "*", token.start, token.end)
        raise self.error("expected an expression")

    def _string(self) -> Expr:
        token = self.take()
        value, end = unquoted(token.text), token.end
        while self.tokens[self.at].kind == "string":  # adjacent literals are one string
            more = self.take()
            value, end = value + unquoted(more.text), more.end
        return Expr("str", value, token.start, end)

    def _bracketed(self) -> Expr:
        """`["name"]`, a quoted column name."""
        start = self.take().start
        if self.tokens[self.at].kind != "string":
            raise self.error("expected a quoted name")
        name = unquoted(self.take().text)
        return Expr("name", name, start, self.expect("]").end)

    def _call(self) -> Expr:
        token, opened = self.take(), self.take()
        name = token.text
        if name == "dynamic":
            value = Expr("null", "", token.start, token.end) if self.text() == ")" else self.json()
            end = self.expect(")").end
            if value.kind not in ("array", "bag"):
                value.start, value.end = token.start, end
            return value
        if name in TYPED and self.tokens[self.at + 1].text == ")" and self.tokens[self.at].kind in ("number", "name"):
            inner = self.take().text
            end = self.expect(")").end
            kind = "null" if inner == "null" else "bool" if name.startswith("bool") else "num"
            if self.tokens[self.at - 2].kind == "number" or inner in ("null", "true", "false", "nan", "inf"):
                return Expr(kind, inner, token.start, end)
            return Expr("call", name, token.start, end, [Expr("name", inner, token.start, end)])
        self.enter()
        items: list[Expr] = []
        while self.text() != ")":
            items.append(self.argument())
            if self.text() != ",":
                break
            self.at += 1
        self.leave()
        return Expr("call", name, token.start, self.shut(opened), items)

    def shut(self, opened: Token) -> int:
        """The end of the `)` that closes a group. QueryError, at the group's start when the query ends before."""
        if self.now.kind == "end":
            raise QueryError("this parenthesis is not closed", opened.start, opened.end)
        return self.expect(")").end

    def argument(self) -> Expr:
        """What stands in parentheses or between commas: `name = expression`, an expression, or a pipeline."""
        token = self.tokens[self.at]
        if token.kind == "name" and self.tokens[self.at + 1].text == "=" and token.text not in SOURCES:
            self.at += 2
            value = self.tabular()
            return Expr("named", token.text, token.start, value.end, [value])
        return self.tabular()

    def postfix(self, base: Expr) -> Expr:
        """Member accesses behind an expression."""
        if self.tokens[self.at].text not in (".", "["):
            return base
        path: list[str] = []
        start, end = base.start, base.end
        while True:
            text = self.tokens[self.at].text
            if text == ".":
                self.at += 1
                token = self.tokens[self.at]
                if token.text == "[":
                    continue
                if token.kind == "name" and self.tokens[self.at + 1].text == "(":
                    base, end, path = self._call(), token.end, []
                    end = base.end
                    continue
                if token.kind not in ("name", "number", "typed"):
                    raise self.error("expected a member's name")
                self.at += 1
                end = token.end
                if base.kind == "call" and base.text in PLACES and not path:
                    base = Expr("name", token.text, start, end)
                else:
                    path.append(f".{token.text}")
            elif text == "[" and (self.tokens[self.at].start == end or path or base.kind in ("name", "call", "path")):
                self.at += 1
                path.append(self._index())
                end = self.expect("]").end
            else:
                return Expr("path", "".join(path), start, end, [base]) if path else base

    def _index(self) -> str:
        token = self.tokens[self.at]
        if self.tokens[self.at + 1].text == "]" and token.kind in ("string", "number"):
            self.at += 1
            return f".{unquoted(token.text)}" if token.kind == "string" else f"[{token.text}]"
        self.enter()
        inner = self.expression()
        self.leave()
        return f"[{inner.text}]" if inner.kind == "num" else "[*]"

    def json(self) -> Expr:
        """A JSON value of a `dynamic(…)` literal, with single quotes, typed literals and comments allowed."""
        token = self.tokens[self.at]
        text = token.text
        if text in ("[", "{"):
            self.at += 1
            self.enter()
            items: list[Expr] = []
            close = "]" if text == "[" else "}"
            while self.text() != close:
                if text == "{":
                    if self.tokens[self.at].kind not in ("string", "name"):
                        raise self.error("expected a property's name")
                    self.at += 1
                    self.expect(":")
                items.append(self.json())
                if self.text() != ",":
                    break
                self.at += 1
            self.leave()
            end = self.expect(close).end
            return Expr("array" if text == "[" else "bag", "", token.start, end, items)
        if token.kind == "name" and text == "null":
            self.at += 1
            return Expr("null", "", token.start, token.end)
        return self._unary()
