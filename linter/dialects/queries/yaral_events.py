"""The expressions of YARA-L 2.0: what the events and condition sections compare, as trees of Terms.

During the parse a Term's field still carries its variable (`$e.principal.ip`), because placeholders (`$user`) are bound to
fields anywhere in the section; `yaral.py` resolves them and deals the trees out by event variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from linter.dialects.queries.core import Cursor, QueryError, Token, any_of, conjunction
from linter.rule import Node, Not, Term

EVENT = "event"  # the native operator of the marker terms that stand for `$e` and `#e > 0` in a condition
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_OPS = {"=": "eq", "!=": "eq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ARITHMETIC = ("+", "-", "*", "/", "%")

# Functions that say something about their first argument as it stands: the raw field is kept.
_WRAPPERS = {
    "strings.to_lower": True, "strings.to_upper": True, "strings.trim": False, "strings.ltrim": False, "strings.rtrim": False,
    "strings.coalesce": False, "cast.as_string": False, "cast.as_int": False, "cast.as_uint": False, "cast.as_float": False,
    "cast.as_bool": False, "group": False,
}  # fmt: skip
# Functions that are predicates on their first argument.
_PREDICATES = {
    "re.regex": "re", "strings.contains": "contains", "strings.starts_with": "startswith", "strings.startswith": "startswith",
    "strings.ends_with": "endswith", "strings.endswith": "endswith", "net.ip_in_range_cidr": "cidr", "arrays.contains": "eq",
}  # fmt: skip
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Value(NamedTuple):
    """One side of a comparison.

    kind: field (`text` with its variable), variable (`$user`), count (`#e`), literal, regex, list, computed (`text` is the
    first field it reads), predicate (`node` is what it says). `folded`: its case was folded by a function.
    """

    kind: str
    text: str
    variables: tuple[str, ...] = ()
    folded: bool = False
    node: Node | None = None


def unescape(text: str) -> str:
    """The value of a double-quoted string's inside; an escape that means nothing keeps its backslash."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", _escape, text, flags=re.DOTALL)


def _escape(found: re.Match[str]) -> str:
    what = found[1]
    if len(what) > 1:
        code = int(what[1:], 16)
        return chr(code) if not 0xD800 <= code <= 0xDFFF else found[0]
    return _ESCAPES.get(what) or (what if what in "\\\"'`/" else found[0])


def literal(token: Token) -> str:
    """The value of a string (quoted or raw), regex, number or word."""
    if token.kind == "string":
        return unescape(token.text[1:-1]) if token.text[0] == '"' else token.text[1:-1]
    return token.text[1:-1].replace("\\/", "/") if token.kind == "regex" else token.text


def variable(field: str) -> str:
    """The `$e` of `$e.principal.ip`; "" of a field without a variable."""
    return field.partition(".")[0].partition("[")[0] if field.startswith("$") else ""


class Expressions(Cursor):
    """Reads the statements of one section. `tokens` are the section's, with an "end" token last."""

    def __init__(self, tokens: list[Token], *, condition: bool = False) -> None:
        super().__init__(tokens)
        self.condition = condition
        self.not_words = ("not", "!") if condition else ("not",)
        self.bound: dict[str, Value] = {}  # what a placeholder stands for
        self.closing = _matching(tokens)

    def statements(self) -> list[tuple[Node | None, int, int]]:
        """Each statement (they are joined by AND) with the offsets of its start and end."""
        out: list[tuple[Node | None, int, int]] = []
        while self.now.kind != "end":
            start = self.now.start
            node = self._either()
            out.append((node, start, self.tokens[self.at - 1].end))
        return out

    def _either(self) -> Node | None:
        return self.boolean(self._operand, not_words=self.not_words)

    def _operand(self) -> Node | None:
        start = self.now.start
        if self.sees("left") and self.ahead().text.lower() == "join":  # a join that keeps events without a partner
            self.take()
            self.take()
        each = self.take().text.lower() if self.sees("any", "all") and self.ahead().kind in ("field", "word") else ""
        if self.now.text == "(" and not self._is_arithmetic():
            self.enter()
            self.take()
            items = []
            while not self.sees(")"):
                items.append(self._either())
            self.take()
            self.leave()
            return conjunction(items)
        left = self._sum()
        if self.sees(*COMPARISONS):
            op = self.take().text
            return self._compare(left, op, self._sum(), each, start)
        if self.sees("in"):
            return self._in(left, each, start)
        if self.sees("is") and left.kind in ("field", "variable", "computed"):  # `is null`, `is not null`
            self.take()
            absent = self.accept("not") is None
            self.expect("null")
            return self._term(left, "null" if absent else "exists", "", "is null", True, start)
        if self.sees("not") and self.ahead().text.lower() == "in":
            self.take()
            node = self._in(left, each, start)
            return None if node is None else Not(node)
        return self._bare(left, start)

    def _is_arithmetic(self) -> bool:
        """Whether the group that opens here is a number to reckon with rather than a condition."""
        after = self.tokens[self.closing[self.at] + 1]
        return after.kind == "sign" and (after.text in _ARITHMETIC or after.text in COMPARISONS)

    def _bare(self, value: Value, start: int) -> Node | None:
        if value.kind == "predicate":
            return value.node
        if value.kind in ("variable", "count") and self.condition:
            return Term(f"${value.text[1:]}", "exists", "", EVENT, False, start, self.tokens[self.at - 1].end)
        if value.kind == "computed" and self.tokens[self.at - 1].text == ")":
            return self._term(value, "eq", "true", "function", False, start) if value.text else None
        raise self.error("expected an operator")

    # comparisons

    def _compare(self, left: Value, op: str, right: Value, each: str, start: int) -> Node | None:
        if left.kind in ("literal", "regex", "list") and right.kind not in ("literal", "regex", "list"):
            left, right, op = right, left, _FLIPPED.get(op, op)
        folded = self.accept("nocase") is not None or left.folded
        if left.kind == "predicate":
            return self._of_truth(left, op, right)
        if "count" in (left.kind, right.kind):
            return self._counted(left, op, right, start)
        if right.kind not in ("literal", "regex", "list"):
            if op == "=":
                self._bind(left, right)
            return None
        native = f"{each} {op}" if each else op
        if right.kind == "list":
            node: Node | None = self._term(left, "eq", right.text, native, folded, start, listed=True)
        elif right.kind == "regex":
            node = self._term(left, "re", right.text, native, folded, start)
        elif right.text == "" and op in ("=", "!="):  # an unset field reads as the empty string
            return self._term(left, "null" if op == "=" else "exists", "", native, True, start)
        else:
            node = self._term(left, _OPS[op], right.text, native, folded, start)
        return Not(node) if op == "!=" and node is not None else node

    @staticmethod
    def _of_truth(left: Value, op: str, right: Value) -> Node | None:
        """`re.regex(…) = false`."""
        if left.node is None or op not in ("=", "!=") or right.text.lower() not in ("true", "false"):
            return left.node
        return left.node if (op == "=") == (right.text.lower() == "true") else Not(left.node)

    def _counted(self, left: Value, op: str, right: Value, start: int) -> Node | None:
        """`#e > 5` is no predicate, but says that the event is there; `#e = 0` that it is not."""
        if left.kind != "count" or right.kind != "literal" or not self.condition:
            return None
        node = Term(f"${left.text[1:]}", "exists", "", EVENT, False, start, self.tokens[self.at - 1].end)
        absent = (op in ("=", "<=") and right.text == "0") or (op == "<" and right.text == "1")
        return Not(node) if absent else None if op in ("<", "<=") or (op == ">=" and right.text == "0") else node

    def _bind(self, left: Value, right: Value) -> None:
        for name, value in ((left, right), (right, left)):
            if name.kind == "variable" and value.kind in ("field", "computed") and value.text:
                self.bound.setdefault(name.text, value)
                return
        if left.kind == right.kind == "variable":
            self.bound.setdefault(left.text, right)

    def _in(self, left: Value, each: str, start: int) -> Node | None:
        native = self.take().text.lower()
        if self.sees("regex", "cidr"):
            native += f" {self.take().text.lower()}"
        if each:
            native = f"{each} {native}"
        if self.now.kind == "list":
            name = self.take().text
            folded = self.accept("nocase") is not None or left.folded
            return self._term(left, "eq", name, native, folded, start, listed=True)
        if not self.sees("(", "["):
            raise self.error("expected a reference list (%name)")
        stop = self.closing[self.at]
        self.take()
        values: list[tuple[Value, Token]] = []
        while self.at < stop:
            token = self.now
            values.append((self._sum(), token))
            if self.at < stop:
                self.expect(",")
        self.take()
        folded = self.accept("nocase") is not None or left.folded
        terms: list[Node] = []
        for value, token in values:
            op = "re" if value.kind == "regex" or native.endswith("regex") else "cidr" if native.endswith("cidr") else "eq"
            term = self._term(left, op, value.text, native, folded, start)
            if isinstance(term, Term):
                terms.append(term._replace(start=token.start, end=token.end))
        return any_of(terms) if terms else None

    def _term(
        self, left: Value, op: str, value: str, native: str, folded: bool, start: int, *, listed: bool = False
    ) -> Node | None:
        """The Term, or None when the left side is no field of one event."""
        if not left.text or left.kind not in ("field", "variable", "computed") or len(left.variables) > 1:
            return None
        self.count()
        if folded and self.tokens[self.at - 1].text.lower() == "nocase":
            native += " nocase"
        cased = not folded and op in ("eq", "re", "contains", "startswith", "endswith")
        derived = left.kind == "computed"
        return Term(left.text, op, value, native, cased, start, self.tokens[self.at - 1].end, derived, listed)

    # values

    def _sum(self) -> Value:
        return self._chain(self._product, ("+", "-"))

    def _product(self) -> Value:
        return self._chain(self._primary, ("*", "/", "%"))

    def _chain(self, operand: Callable[[], Value], signs: tuple[str, ...]) -> Value:
        value = operand()
        while self.now.kind == "sign" and self.now.text in signs:
            sign = self.take().text
            other = operand()
            variables = tuple(dict.fromkeys((*value.variables, *other.variables)))
            if value.kind == other.kind == "literal":
                value = Value("literal", _reckon(value.text, sign, other.text))
            elif "count" in (value.kind, other.kind):
                value = Value("count", value.text if value.kind == "count" else other.text)
            else:
                texts = (each.text for each in (value, other) if each.kind in ("field", "variable", "computed") and each.text)
                value = Value("computed", next(texts, ""), variables)
        return value

    def _primary(self) -> Value:
        token = self.now
        match token.kind:
            case "field":
                return self._field()
            case "string" | "number":
                return Value("literal", literal(self.take()))
            case "regex":
                return Value("regex", literal(self.take()))
            case "count" | "list":
                return Value(token.kind, self.take().text)
            case "word" if self.ahead().text == "(" and self.ahead().kind == "sign":
                return self._function()
            case "word" if token.text.lower() not in ("and", "or", "not", "in", "nocase", "any", "all"):
                return self._field() if "." in token.text else Value("literal", self.take().text)
            case "sign" if token.text == "(":
                self.enter()
                self.take()
                value = self._sum()
                self.expect(")")
                self.leave()
                return value
            case "sign" if token.text == "-" and self.ahead().kind == "number":
                self.take()
                return Value("literal", f"-{self.take().text}")
        raise self.error("expected a field, a value or a function")

    def _field(self) -> Value:
        text = self.take().text
        while self.sees("[", "."):
            if self.take().text == ".":
                if self.now.kind != "word":
                    raise self.error("expected the name of a field")
                text += f".{self.take().text}"
                continue
            if self.now.kind not in ("string", "number"):
                raise self.error("expected a key in quotes")
            key = self.take()
            text += f'["{literal(key)}"]' if key.kind == "string" else f"[{key.text}]"
            self.expect("]")
        of = variable(text)
        return Value("variable" if of == text else "field", text, (of,) if of else ())

    def _function(self) -> Value:
        name = self.take().text.lower()
        stop = self.closing[self.at]
        if name in _WRAPPERS or name in _PREDICATES:
            self.enter()
            start = self.tokens[self.at - 1].start
            self.take()
            value = self._sum() if self.at < stop else Value("computed", "")
            value = self._predicate(name, value, start, stop) if name in _PREDICATES else self._wrapped(name, value)
            self.leave()
            self.at = max(self.at, stop + 1)
            return value
        inside = self.tokens[self.at : stop]
        fields = [token.text for token in inside if token.kind == "field"]
        self.at = stop + 1
        return Value("computed", next(iter(fields), ""), tuple(dict.fromkeys(variable(field) for field in fields)))

    @staticmethod
    def _wrapped(name: str, value: Value) -> Value:
        if value.kind in ("field", "variable", "computed", "literal"):
            return value._replace(folded=value.folded or _WRAPPERS[name])
        return Value("computed", value.text if value.kind == "predicate" else "", value.variables)

    def _predicate(self, name: str, left: Value, start: int, stop: int) -> Value:
        self.expect(",")
        right = self._sum()
        self.at = stop + 1
        folded = self.accept("nocase") is not None or left.folded
        node: Node | None = None
        if right.kind in ("literal", "regex", "list"):
            listed = right.kind == "list"
            op = "eq" if listed else "re" if right.kind == "regex" else _PREDICATES[name]
            node = self._term(left, op, right.text, name, folded, start, listed=listed)
        return Value("predicate", left.text, left.variables, node=node)


def _matching(tokens: list[Token]) -> dict[int, int]:
    """The index of the closing bracket of each opening one. QueryError when they are unbalanced."""
    out: dict[int, int] = {}
    stack: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in ("(", "["):
            stack.append(at)
        elif token.text in (")", "]"):
            if not stack or tokens[stack[-1]].text + token.text not in ("()", "[]"):
                raise QueryError(f"unbalanced {token.text!r}", token.start)
            out[stack.pop()] = at
    if stack:
        raise QueryError(f"unbalanced {tokens[stack[-1]].text!r}", tokens[stack[-1]].start)
    return out


def _reckon(left: str, sign: str, right: str) -> str:
    """What two written numbers come to; as written when they are no small whole numbers."""
    if sign in ("+", "-", "*") and re.fullmatch(r"-?\d{1,15}", left) and re.fullmatch(r"-?\d{1,15}", right):
        a, b = int(left), int(right)
        return str(a + b if sign == "+" else a - b if sign == "-" else a * b)
    return f"{left}{sign}{right}"
