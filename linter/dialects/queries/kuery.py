"""Kuery, Kibana's query language (KQL in Elastic's documentation): `field: value`, ranges, lists, nested fields.

Only special characters are unescaped, so that a Windows path keeps its backslashes. A quoted value has no wildcards.
"""

from __future__ import annotations

from linter.dialects.queries import core
from linter.rule import And, Node, Term

_PAIRS = (
    ("_space", r"\s+"),
    ("string", r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'),
    ("!unterminated string", r'"[\s\S]*'),
    ("op", r"<=|>=|[<>:(){}]"),
    ("word", r'(?:[^\s\\():<>"{}]|\\[^\s]|\\(?=\s|$))+'),
)
_ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_KEYWORDS = ("and", "or", "not")
_SPECIAL = '\\():<>"*{}'
_DOTALL = 16  # re.DOTALL: a quoted string may hold an escaped line end

_lexer: core.Lexer | None = None


def parse(text: str) -> core.Query:
    """The one part of a kuery query. Raises `core.QueryError` with offsets into `text`."""
    global _lexer
    if _lexer is None:
        _lexer = core.Lexer(_PAIRS, _DOTALL)
    cursor = _Kuery(text, _lexer.tokens(text, limit=core.MOST_TOKENS))
    if cursor.now.kind == "end":
        return core.Query((core.Part(And(())),))  # an empty query matches everything, filters may narrow it
    tree = cursor.boolean(cursor.operand)
    if cursor.now.kind != "end":
        raise cursor.error("expected 'and', 'or' or the end of the query")
    return core.Query((core.Part(And(()) if tree is None else tree),))


def unquote(raw: str) -> str:
    """The value of a quoted string: `\\"` and `\\\\` unescaped, any other backslash kept."""
    inner = raw[1:-1]
    if "\\" not in inner:
        return inner
    out: list[str] = []
    at = 0
    while at < len(inner):
        if inner[at] == "\\" and inner[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        out.append(inner[at])
        at += 1
    return "".join(out)


def unescape(raw: str) -> str:
    """An unquoted literal with its escapes resolved: special characters and keywords only."""
    return raw if "\\" not in raw else "".join(text for _, text in _pieces(raw))


def _pieces(raw: str) -> list[tuple[bool, str]]:
    """The pieces of an unquoted literal for `core.pattern`; `*` is the one wildcard there is."""
    if raw.lower() in ("\\and", "\\or", "\\not"):
        return [(False, raw[1:])]
    return core.pieces(raw, _SPECIAL, "*")


class _Kuery(core.Cursor):
    """Reads one query."""

    def __init__(self, text: str, tokens: list[core.Token]) -> None:
        super().__init__(tokens)
        self.text = text
        self.prefix = ""  # of the fields in a nested group

    def operand(self) -> Node | None:
        """A group, a nested group, a comparison or a bare value."""
        if self.sees("("):
            self.enter()
            self.take()
            tree = self.boolean(self.operand)
            self.expect(")")
            self.leave()
            return tree
        start = self.now.start
        raw, quoted, end = self._literal("a field or a value")
        now = self.now
        if now.kind == "op" and now.text in _ORDER:
            self.take()
            value, in_quotes, end = self._literal("a value")
            self.count()
            text = unquote(value) if in_quotes else unescape(value)
            return Term(self._field(raw, quoted), _ORDER[now.text], text, now.text, True, start, end)
        if now.kind != "op" or now.text != ":":
            return self._leaf("", raw, quoted, start, end)
        self.take()
        field = self._field(raw, quoted)
        if self.sees("{"):
            return self._nested(field)
        if self.sees("("):
            return self._values(field)
        value, in_quotes, end = self._literal("a value")
        return self._leaf(field, value, in_quotes, start, end)

    def _literal(self, what: str) -> tuple[str, bool, int]:
        """A quoted string or a run of words: (as written, whether quoted, end)."""
        token = self.now
        if token.kind == "string":
            self.take()
            return token.text, True, token.end
        if token.kind != "word" or token.text.lower() in _KEYWORDS:
            raise self.error(f"expected {what}")
        end = token.end
        while self.now.kind == "word" and self.now.text.lower() not in _KEYWORDS:
            if self.now.text in core.FOREIGN:
                raise core.QueryError(f"unknown operator {self.now.text!r}", self.now.start, self.now.end)
            end = self.take().end
        return self.text[token.start : end], False, end

    def _field(self, raw: str, quoted: bool) -> str:
        name = unquote(raw) if quoted else unescape(raw)
        return self.prefix + ("" if name == "*" else name)

    def _nested(self, field: str) -> Node | None:
        """`field: { a: 1 and b: 2 }`: conditions on one and the same object."""
        outer, self.prefix = self.prefix, field + "."
        self.enter()
        self.take()
        tree = self.boolean(self.operand)
        self.expect("}")
        self.leave()
        self.prefix = outer
        return tree

    def _values(self, field: str) -> Node | None:
        """`field: (a or b and not c)`."""
        self.enter()
        self.take()
        tree = self.boolean(lambda: self._value(field))
        self.expect(")")
        self.leave()
        return tree

    def _value(self, field: str) -> Node | None:
        """One value of a list, or a group of them."""
        if self.sees("("):
            return self._values(field)
        start = self.now.start
        raw, quoted, end = self._literal("a value")
        return self._leaf(field, raw, quoted, start, end)

    def _leaf(self, field: str, raw: str, quoted: bool, start: int, end: int) -> Node | None:
        """The term of one value; None for what matches everything."""
        self.count()
        if quoted:
            op, value = "eq", unquote(raw)
        else:
            op, value = core.pattern(_pieces(raw)) if "*" in raw else ("eq", unescape(raw))
        if op == "eq" and core.is_network(value):
            op = "cidr"
        if not field:
            if op == "exists":
                return None
            return Term("", "keyword", value, "", False, start, end)
        return Term(field, op, value, ":", True, start, end)
