"""Lucene query strings, as Elasticsearch reads them: clauses without an operator between them are alternatives.

Beside `+` (must) clauses without a sign only raise the score and say nothing; `-` and NOT exclude.
"""

from __future__ import annotations

from linter.dialects.queries import core
from linter.rule import And, Node, Not, Or, Term

_PAIRS = (
    ("_space", r"\s+"),
    ("string", r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'),
    ("!unterminated string", r'"[\s\S]*'),
    ("regex", r"/[^/\\\n]*+(?:\\.[^/\\\n]*+)*+/"),
    ("boost", r"[~^](?:\d+(?:\.\d+)?|\.\d+)?"),
    ("op", r"&&|\|\||[<>]=?|[-+!](?=\S)|[:(){}\[\]]"),
    ("word", r'(?:[^\s\\:<>(){}\[\]"^~+!/&|-]|\\.|[&|](?![&|]))(?:[^\s\\:(){}\[\]"^~&|]|\\.|[&|](?![&|]))*|[-+!/]'),
)
_DOTALL = 16
_ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_JOINERS = ("and", "or", "&&", "||")
_Clause = tuple[str, Node]  # ("+", "-" or "", what it says)

_lexer: core.Lexer | None = None


def parse(text: str) -> core.Query:
    """The one part of a Lucene query. Raises `core.QueryError` with offsets into `text`."""
    global _lexer
    if _lexer is None:
        _lexer = core.Lexer(_PAIRS, _DOTALL)
    cursor = _Lucene(_lexer.tokens(text, limit=core.MOST_TOKENS))
    if cursor.now.kind == "end":
        return core.Query((core.Part(And(())),))
    tree = cursor.clauses("")
    if cursor.now.kind != "end":
        raise cursor.error("expected the end of the query")
    return core.Query((core.Part(And(()) if tree is None else tree),))


def unescape(raw: str) -> str:
    """A word or phrase without its escapes: a backslash makes any character literal."""
    return "".join(text for _, text in core.pieces(raw)) if "\\" in raw else raw


class _Lucene(core.Cursor):
    """Reads one query; `field` is the one that stands before the group that is being read."""

    def _is(self, *words: str) -> bool:
        """AND, OR and NOT are operators in capitals only; signs as they are."""
        token = self.now
        return token.kind in ("word", "op") and token.text in words

    def clauses(self, field: str) -> Node | None:
        """Clauses up to the end of the group: OR of ANDs; without an operator they are alternatives unless signed."""
        alternatives: list[list[_Clause]] = [[]]
        joined = False  # whether an AND joins the next clause to the last one
        while self.now.kind != "end" and not self.sees(")"):
            if self._is("OR", "||", "AND", "&&"):
                if not alternatives[-1]:
                    raise self.error("expected a clause")
                joined = self.take().text in ("AND", "&&")
                if self.now.kind == "end" or self.sees(")"):
                    raise self.error("expected a clause")
            sign = ""
            while self._is("NOT", "!", "-", "+"):
                text = self.take().text
                sign = "+" if text == "+" else "" if sign == "-" else "-"
            node = self._clause(field)
            if node is None:
                joined = False
                continue
            if joined or not alternatives[-1]:
                alternatives[-1].append((sign, node))
            else:
                alternatives.append([(sign, node)])
            joined = False
        return _combined([group for group in alternatives if group])

    def _clause(self, field: str) -> Node | None:
        """A group, `field:…`, a value."""
        if self.sees("("):
            return self._group(field)
        token = self.now
        if token.kind == "word" and self.ahead().kind == "op" and self.ahead().text == ":":
            self.take()
            self.take()
            name = unescape(token.text)
            if name == "_exists_":
                value = self.take()
                self.count()
                return Term(unescape(value.text), "exists", "", name, True, token.start, value.end)
            name = "" if name == "*" else name
            return self._group(name) if self.sees("(") else self._value(name, token.start)
        return self._value(field, token.start)

    def _group(self, field: str) -> Node | None:
        self.enter()
        opening = self.take()
        tree = self.clauses(field)
        if not self.sees(")"):
            raise core.QueryError("'(' is never closed", opening.start)
        self.take()
        self.leave()
        self._boost()
        return tree

    def _boost(self) -> None:
        while self.now.kind == "boost":
            self.take()

    def _value(self, field: str, start: int) -> Node | None:
        """A word, phrase, regular expression, range or comparison."""
        token = self.now
        self.count()
        if token.kind == "op" and token.text in _ORDER:
            self.take()
            value = self.take()
            if value.kind not in ("word", "string"):
                raise core.QueryError("expected a value", value.start, max(value.end, value.start + 1))
            return Term(field, _ORDER[token.text], _plain(value), token.text, True, start, value.end)
        if token.kind == "op" and token.text in "[{":
            return self._range(field, start)
        if token.kind not in ("word", "string", "regex"):
            raise self.error("expected a value")
        if token.kind == "word" and token.text in core.FOREIGN:
            raise core.QueryError(f"unknown operator {token.text!r}", token.start, token.end)
        end = self.take().end
        op, text = "eq", _plain(token)
        if token.kind == "regex":
            op = "re"
        elif token.kind == "word" and ("*" in text or "?" in text):
            op, text = core.pattern(core.pieces(token.text))
        if op == "eq" and core.is_network(text):
            op = "cidr"
        self._boost()
        if not field:
            if op == "exists":
                return None
            return Term("", "re" if op == "re" else "keyword", text, "", False, start, end)
        return Term(field, op, text, ":", True, start, end)

    def _range(self, field: str, start: int) -> Node | None:
        """`[a TO b]`, `{a TO b}`, either bracket on either side; `*` is open."""
        opening = self.take()
        bounds: list[str] = []
        while not self.sees("]", "}"):
            token = self.take()
            if token.kind == "end" or (token.kind == "op" and token.text in "[{()"):
                raise core.QueryError("a range is never closed", opening.start)
            if token.text != "TO":
                bounds.append(("-" if bounds and bounds[-1] == "-" else "") + _plain(token))
        closing = self.take()
        bounds = [bound for bound in bounds if bound not in ("-", "+")]
        if len(bounds) != 2:
            raise core.QueryError("expected [from TO to]", opening.start, closing.end)
        low, high = bounds
        terms: list[Node] = []
        if low != "*":
            terms.append(Term(field, "gte" if opening.text == "[" else "gt", low, "TO", True, start, closing.end))
        if high != "*":
            terms.append(Term(field, "lte" if closing.text == "]" else "lt", high, "TO", True, start, closing.end))
        self._boost()
        return core.conjunction(terms) if terms else Term(field, "exists", "", "TO", True, start, closing.end)


def _plain(token: core.Token) -> str:
    """A token's value: unquoted and unescaped; a regular expression without its slashes, otherwise as written."""
    if token.kind == "regex":
        return token.text[1:-1]
    return unescape(token.text[1:-1] if token.kind == "string" else token.text)


def _combined(groups: list[list[_Clause]]) -> Node | None:
    """The groups (clauses joined by AND) as a tree. A signed clause standing alone holds for the whole query."""
    musts: list[Node | None] = []
    shoulds: list[Node] = []
    for group in groups:
        if len(group) == 1 and group[0][0]:
            sign, node = group[0]
            musts.append(Not(node) if sign == "-" else node)
        else:
            joined = core.conjunction([Not(node) if sign == "-" else node for sign, node in group])
            if joined is not None:
                shoulds.append(joined)
    required = any(len(group) == 1 and group[0][0] == "+" for group in groups)
    if shoulds and not required:
        musts.insert(0, core.any_of([inner for node in shoulds for inner in (node.items if isinstance(node, Or) else (node,))]))
    return core.conjunction(musts)
