"""EQL's conditions: comparisons, boolean functions, values. Events and sequences are in `eql`."""

from __future__ import annotations

from linter.dialects.queries import core
from linter.dialects.queries.operand import Value
from linter.rule import Node, Not, Term

_PAIRS = (
    ("_space", r"\s+"),
    ("_comment", r"//[^\n]*|/\*[\s\S]*?\*/"),
    ("!unterminated comment", r"/\*[\s\S]*"),
    ("string", r'"""[\s\S]*?"""(?:"{1,2}(?!"))?'),
    ("!unterminated string", r'"""[\s\S]*'),
    ("string", r'\??"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"|\??\'[^\'\\\r\n]*+(?:\\.[^\'\\\r\n]*+)*+\''),
    ("!unterminated string", r"\??[\"'][^\r\n]*"),
    ("field", r"\??(?:[A-Za-z_@][\w@]*|`[^`\r\n]+`)(?:\.(?:[A-Za-z_@][\w@]*|`[^`\r\n]+`)|\[\d+\])*~?|\$\w+(?:\.\w+)*"),
    ("!unterminated name", r"\??`[^\r\n]*"),
    ("number", r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
    ("op", r"==|!=|<=|>=|[-<>=:+*/%()\[\],|!{}]"),
)
_COMPARE = frozenset(("==", "!=", "<", "<=", ">", ">=", ":", "=", "in", "in~", "like", "like~", "regex", "regex~"))
_ARITHMETIC = frozenset("+-*/%")
_ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MATCHERS = {  # boolean functions over (field, value…): op, and how the value is read
    "startswith": "startswith", "endswith": "endswith", "stringcontains": "contains", "cidrmatch": "cidr",
    "wildcard": "wildcard", "match": "re", "matchlite": "re",
}  # fmt: skip
_SAME = frozenset(("string", "number", "int", "tolower", "lower", "toupper", "upper"))  # still the field they read
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_NAMES = frozenset(("and", "or", "not", "in", "in~", "like", "like~", "regex", "regex~", "where", "by", "with", "until", "of"))


_lexer: core.Lexer | None = None


def lex(text: str) -> list[core.Token]:
    """The tokens of a query; QueryError where there is none."""
    global _lexer
    if _lexer is None:
        _lexer = core.Lexer(_PAIRS)
    return _lexer.tokens(text, limit=core.MOST_TOKENS)


def unquote(raw: str) -> str:
    """The value of a string as written; a backslash before an unknown letter stays."""
    if raw.startswith('"""'):
        return raw[3:-3]
    if raw[0] == "?":
        return raw[2:-1]
    if "\\" not in raw:
        return raw[1:-1]
    out: list[str] = []
    at, stop = 1, len(raw) - 1
    while (slash := raw.find("\\", at, stop)) >= 0:
        out.append(raw[at:slash])
        char = raw[slash + 1]
        at = slash + 2
        if char in "\\\"'":
            out.append(char)
        elif char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char == "u" and (code := _codepoint(raw, at)) is not None:
            out.append(code[0])
            at = code[1]
        else:
            out.append("\\" + char)
    out.append(raw[at:stop])
    return "".join(out)


def _codepoint(raw: str, at: int) -> tuple[str, int] | None:
    """The character of `\\u{1F4A9}` or `\\u00e9`, whose digits or brace start at `at`, and the offset behind it."""
    end = raw.find("}", at, at + 10) if raw[at : at + 1] == "{" else at + 4
    digits = raw[at:end].lstrip("{") if end > 0 else ""
    try:
        return chr(int(digits, 16)), end + (raw[at : at + 1] == "{")
    except (ValueError, OverflowError):
        return None


class Conditions(core.Cursor):
    """Reads conditions; `parts` collects what each event or sub-query says."""

    def __init__(self, text: str, tokens: list[core.Token]) -> None:
        super().__init__(tokens)
        self.text = text
        self.parts: list[core.Part] = []
        self.aliases: set[str] = set()
        self.variables: dict[str, str] = {}
        self.pairs = self._match_brackets()

    def _match_brackets(self) -> dict[int, int]:
        """Index of the closing token of each opening one. QueryError for one without its fellow."""
        pairs: dict[int, int] = {}
        stack: list[int] = []
        closes = {")": "(", "]": "["}
        for index, token in enumerate(self.tokens):
            if token.kind != "op":
                continue
            if token.text in ("(", "["):
                stack.append(index)
            elif token.text in closes:
                if not stack or self.tokens[stack[-1]].text != closes[token.text]:
                    raise core.QueryError(f"unbalanced {token.text!r}", token.start)
                pairs[stack.pop()] = index
        if stack:
            token = self.tokens[stack[-1]]
            raise core.QueryError(f"{token.text!r} is never closed", token.start)
        return pairs

    def subquery(self, *, absent: bool) -> None:
        """Reads `[category where condition]` as a part of its own; `eql` knows how."""
        raise NotImplementedError

    # --- conditions

    def operand(self) -> Node | None:
        """A group, a comparison, a boolean function or field, an event that this one descends from."""
        now = self.now
        if now.text == "(" and now.kind == "op":
            after = self.tokens[self.pairs[self.at] + 1]
            known = after.kind in ("op", "field") and (after.text in _ARITHMETIC or after.text.lower() in _COMPARE)
            if not known:
                self.enter()
                self.take()
                tree = self.boolean(self.operand)
                self.expect(")")
                self.leave()
                return tree
        if now.kind == "field" and self.ahead().text.lower() == "of" and self.ahead(2).text == "[":
            absent = self.at > 0 and self.tokens[self.at - 1].text.lower() == "not"
            self.at += 2
            self.subquery(absent=absent)
            return None
        return self.comparison()

    def comparison(self) -> Node | None:
        """`value operator value`, or a boolean by itself."""
        left = self.sum()
        negated = self.sees("not") and self.ahead().text.lower() in _COMPARE
        if negated:
            self.take()
        now = self.now
        op = now.text.lower() if now.kind in ("op", "field") else ""
        if not isinstance(left, Value):
            return self._truth(left)
        if op not in _COMPARE:
            return self._bare(left)
        if op == "=":
            raise core.QueryError("unknown operator '=': EQL compares with '==' or ':'", now.start, now.end)
        self.take()
        if self.sees("("):
            if op in _ORDER:
                right = self.sum()
                values = [right] if isinstance(right, Value) else []
            else:
                values = self._list()
            tree = core.any_of([self._term(left, op, value, value.start) for value in values]) if values else None
        elif op in ("in", "in~"):
            raise self.error("expected a list of values in ( )")
        else:
            right = self.sum()
            if not isinstance(right, Value):
                return self._derived(left, op, right)
            if left.kind not in ("field", "computed") and right.kind in ("field", "computed"):
                left, right, op = right, left, _FLIPPED.get(op, op)
            if left.kind not in ("field", "computed"):
                return None  # two constants
            tree = self._term(left, op, right, min(left.start, right.start), max(left.end, right.end))
        return Not(tree) if negated and tree is not None else tree

    def _truth(self, tree: Node) -> Node:
        """A boolean function, perhaps compared with true or false."""
        if self.sees("==", "!=", ":") and self.ahead().text.lower() in ("true", "false"):
            positive = (self.take().text == "!=") == (self.take().text.lower() == "false")
            return tree if positive else Not(tree)
        return tree

    def _bare(self, value: Value) -> Node | None:
        """A value that stands where a condition does: a boolean field; a constant says nothing."""
        if value.kind in ("bool", "null"):
            return None
        if value.kind in ("string", "number"):
            raise core.QueryError("a value stands where a condition is expected", value.start, value.end)
        self.count()
        return Term(value.text, "eq", "true", "", True, value.start, value.end, value.kind == "computed")

    def _derived(self, left: Value, op: str, right: Node) -> Node | None:
        """A field compared with what a boolean function says: nothing a catalog could use."""
        del op, right
        return self._bare(left)

    def _list(self) -> list[Value]:
        """`(a, b, c)`; empty ones are an error, a trailing comma is not."""
        opening = self.expect("(")
        values: list[Value] = []
        while not self.sees(")"):
            value = self.sum()
            if not isinstance(value, Value):
                raise core.QueryError("a condition stands in a list of values", opening.start, opening.end)
            values.append(value)
            if not self.accept(","):
                break
        self.expect(")")
        if not values:
            raise core.QueryError("an empty list of values", opening.start)
        return values

    def _term(self, left: Value, op: str, right: Value, start: int, end: int = -1) -> Node:
        """The term of one comparison with one value."""
        self.count()
        end = right.end if end < 0 else end
        derived = left.kind == "computed" or right.kind in ("field", "computed") or left.text.split(".")[0] in self.aliases
        cased = left.cased and op not in (":", "like~", "regex~", "in~")
        value = right.text
        if right.kind == "null":
            absent = Term(left.text, "null", "", op, cased, start, end, derived)
            return absent._replace(op="exists") if op == "!=" else absent
        if op in _ORDER:
            return Term(left.text, _ORDER[op], value, op, cased, start, end, derived)
        if right.kind in ("field", "computed"):
            kind = "eq"
        elif op in ("regex", "regex~"):
            kind = "re"
        elif right.kind == "string" and op in (":", "like", "like~"):
            kind, value = core.wildcard(value, escape="")
        else:
            kind = "eq"
        term = Term(left.text, kind, value, op, cased, start, end, derived)
        return Not(term) if op == "!=" else term

    # --- values

    def sum(self) -> Value | Node:
        """A value, arithmetic included; a boolean function is a Node."""
        start = self.now.start
        left = self._unary()
        if self.now.kind != "op" or self.now.text not in _ARITHMETIC:
            return left
        while self.now.kind == "op" and self.now.text in _ARITHMETIC:
            self.take()
            self._unary()
        end = self.tokens[self.at - 1].end
        return Value("computed", self.text[start:end], start, end)

    def _unary(self) -> Value | Node:
        signs = 0
        start = self.now.start
        while self.sees("-", "+"):
            signs += self.take().text == "-"
        value = self._primary()
        if not signs or not isinstance(value, Value):
            return value
        if value.kind == "number":
            return value._replace(text="-" * (signs % 2) + value.text, start=start)
        return Value("computed", self.text[start : value.end], start, value.end)

    def _primary(self) -> Value | Node:
        token = self.now
        if token.kind == "string":
            self.take()
            return Value("string", unquote(token.text), token.start, token.end)
        if token.kind == "number":
            self.take()
            return Value("number", token.text, token.start, token.end)
        if self.sees("("):
            self.enter()
            self.take()
            inner = self.sum()
            self.expect(")")
            self.leave()
            return inner
        if token.kind != "field" or token.text.lower() in _NAMES:
            raise self.error("expected a field or a value")
        if self.ahead().text == "(" and self.ahead().kind == "op":
            return self._call()
        self.take()
        lower = token.text.lower()
        if lower in ("true", "false"):
            return Value("bool", lower, token.start, token.end)
        if lower == "null":
            return Value("null", "", token.start, token.end)
        return Value("field", self._field(token.text), token.start, token.end)

    def _field(self, text: str) -> str:
        """A field's plain name; an endpoint variable stands for the array that it walks."""
        if text[0] != "$":
            return path(text)
        name, _, rest = text.partition(".")
        base = self.variables.get(name, name)
        return f"{base}.{rest}" if rest else base

    def _call(self) -> Value | Node:
        """A function: a Node when it is a condition, else a computed value (or still the field that it reads)."""
        name = self.take()
        plain = name.text.lower().rstrip("~")
        self.enter()
        if plain.lstrip("_") in ("arraysearch", "arraycount"):
            tree = self._array(name, counts="count" in plain)
            self.leave()
            return tree
        self.expect("(")
        arguments: list[Value | Node] = []
        while not self.sees(")"):
            arguments.append(self.sum())
            if not self.accept(","):
                break
        closing = self.expect(")")
        self.leave()
        span = (name.start, closing.end)
        if plain in _MATCHERS:
            return self._matcher(name, plain, arguments, span)
        first = arguments[0] if arguments else None
        if plain in _SAME and len(arguments) == 1 and isinstance(first, Value) and first.kind == "field":
            return first._replace(start=span[0], end=span[1], cased=plain in ("string", "number", "int"))
        return Value("computed", self.text[span[0] : span[1]], *span)

    def _matcher(self, name: core.Token, plain: str, arguments: list[Value | Node], span: tuple[int, int]) -> Node:
        """startsWith(field, value…) and its like."""
        values = [argument for argument in arguments if isinstance(argument, Value)]
        if len(values) < 2 or len(values) != len(arguments):
            raise core.QueryError(f"{name.text} needs a field and a value", *span)
        left, several = values[0], len(values) > 2
        cased = left.cased and not name.text.endswith("~") and plain not in ("wildcard", "cidrmatch")
        terms: list[Node] = []
        for value in values[1:]:
            self.count()
            op, text = _MATCHERS[plain], value.text
            if op == "wildcard":
                op, text = core.wildcard(text, escape="")
            derived = left.kind != "field" or value.kind in ("field", "computed")
            start, end = (value.start, value.end) if several else span
            terms.append(Term(left.text, op, text, name.text, cased, start, end, derived))
        return core.any_of(terms)

    def _array(self, name: core.Token, *, counts: bool) -> Value | Node:
        """`_arraysearch(field, $item, condition on $item)`; a count of the matches is a computed value."""
        self.expect("(")
        field = self.sum()
        self.expect(",")
        variable = self.take().text
        self.expect(",")
        outer = self.variables.get(variable)
        self.variables[variable] = field.text if isinstance(field, Value) else ""
        tree = self.boolean(self.operand)
        if outer is not None:
            self.variables[variable] = outer
        closing = self.expect(")")
        if counts or tree is None:
            return Value("computed", self.text[name.start : closing.end], name.start, closing.end)
        return tree


def path(text: str) -> str:
    """A field's name without the mark of an optional field and without backticks."""
    return text.lstrip("?").replace("`", "").rstrip("~")
