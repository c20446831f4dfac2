"""ES|QL's expressions: conditions over columns, which know whether they are raw fields or computed."""

from __future__ import annotations

from linter.dialects.queries import core
from linter.dialects.queries.esql_lex import Columns, characters, unquote
from linter.dialects.queries.operand import Value
from linter.rule import And, Node, Not, Or, Term

_ORDER = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE = frozenset(("==", "!=", "=~", ":", *_ORDER))
_WORDS = ("in", "like", "rlike")
_ARITHMETIC = frozenset("+-*/%")
_MATCHERS = {
    "starts_with": "startswith", "ends_with": "endswith", "contains": "contains", "cidr_match": "cidr", "match": "eq",
    "match_phrase": "eq", "term": "eq", "mv_contains": "eq",
}  # fmt: skip
_SAME = frozenset(("to_string", "to_ip", "to_integer", "to_long", "to_double", "to_boolean", "to_version", "to_unsigned_long"))
_UNCASING = frozenset(("to_lower", "to_upper"))
_LONG_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_SHORT_UNITS = ("ms", "s", "sec", "min", "m", "h", "d", "w", "mo", "q", "y", "yr")
_UNITS = frozenset((*_LONG_UNITS, *(f"{unit}s" for unit in _LONG_UNITS), *_SHORT_UNITS))


class Expressions(core.Cursor):
    """Reads conditions and values; `columns` is what the commands before have defined."""

    def __init__(self, text: str, tokens: list[core.Token]) -> None:
        super().__init__(tokens)
        self.text = text
        self.columns = Columns()
        self.stash: list[Node | None] = []  # a condition that `argument` has read already

    # --- columns

    def column(self, raw: str) -> str:
        """A column's plain name."""
        return raw.replace("``", "\0").replace("`", "").replace("\0", "`") if "`" in raw else raw

    def resolved(self, token: core.Token) -> Value:
        """What a name stands for: a raw field or a computed column."""
        name = self.column(token.text)
        known = self.columns.named.get(name)
        if known is not None:
            return known._replace(start=token.start, end=token.end)
        if self.columns.prefixes and name.startswith(self.columns.prefixes):
            return Value("computed", name, token.start, token.end)
        return Value("field", name, token.start, token.end)

    # --- conditions

    def operand(self) -> Node | None:
        """A group, a comparison, a condition that stands alone."""
        if self.stash:
            return self.stash.pop()
        value = self.sum()
        return self.compared(value) if isinstance(value, Value) else self._truth(value)

    def argument(self) -> Value:
        """A value or a condition where either may stand (arguments, EVAL, brackets); a condition is a computed value."""
        value = self._either()
        if isinstance(value, Value):
            return value
        start, end = value
        return Value("computed", self.text[start:end], start, end)

    def _either(self) -> Value | tuple[int, int]:
        """A value, or the span of a condition (whose terms are lost on purpose: it is only computed with)."""
        start = self.now.start
        if not self.sees("not"):
            value = self.sum()
            if isinstance(value, Value):
                if not self._goes_on():
                    return value
                self.stash.append(self.compared(value))
            else:
                self.stash.append(self._truth(value))
        self.boolean(self.operand)
        return start, self.tokens[self.at - 1].end

    def _goes_on(self) -> bool:
        """Whether a comparison or a boolean operator follows a value."""
        now = self.now
        if now.kind == "op":
            return now.text in _COMPARE
        return now.kind == "name" and now.text.lower() in ("and", "or", "not", "is", *_WORDS)

    def _truth(self, tree: Node) -> Node:
        """A boolean function or group, perhaps compared with true or false."""
        if self.sees("==", "!=") and self.ahead().text.lower() in ("true", "false"):
            positive = (self.take().text == "!=") == (self.take().text.lower() == "false")
            return tree if positive else Not(tree)
        if self.accept("is"):
            self.accept("not")
            self.expect("null")
            return And(())  # whether a condition is known: nothing a catalog could use
        return tree

    def compared(self, left: Value) -> Node | None:
        """`left operator value`, or `left` by itself."""
        negated = self.sees("not") and self.ahead().text.lower() in _WORDS
        if negated:
            self.take()
        now = self.now
        op = now.text.lower() if now.kind in ("op", "name") else ""
        if op == "is":
            self.take()
            kind = "exists" if self.accept("not") else "null"
            end = self.expect("null").end
            self.count()
            return Term(
                left.text, kind, "", f"is {'not ' * (kind == 'exists')}null", left.cased, left.start, end, _is_computed(left)
            )
        if op in _WORDS:
            self.take()
            tree = self._listed(left, op)
            return Not(tree) if negated and tree is not None else tree
        if op not in _COMPARE:
            return self._bare(left)
        self.take()
        right = self.sum()
        if not isinstance(right, Value):
            return self._bare(left)
        if left.kind not in ("field", "computed") and right.kind in ("field", "computed"):
            left, right, op = right, left, _FLIPPED.get(op, op)
        if left.kind not in ("field", "computed"):
            return None  # two constants
        return self._term(left, op, right, min(left.start, right.start), max(left.end, right.end))

    def _bare(self, value: Value) -> Node | None:
        """A value that stands where a condition does: a boolean column; a constant says nothing."""
        if value.kind in ("bool", "null"):
            return None
        if value.kind in ("string", "number"):
            raise core.QueryError("a value stands where a condition is expected", value.start, value.end)
        self.count()
        return Term(value.text, "eq", "true", "", True, value.start, value.end, _is_computed(value))

    def _listed(self, left: Value, op: str) -> Node | None:
        """IN, LIKE and RLIKE with a list; the latter two also with a single pattern."""
        if not self.sees("("):
            if op == "in":
                raise self.error("expected a list of values in ( )")
            right = self.sum()
            if not isinstance(right, Value):
                return self._bare(left)
            return self._term(left, op, right, left.start, right.end)
        opening = self.take()
        self.enter()
        values: list[Value] = []
        while not self.sees(")"):
            values.append(self.argument())
            if not self.accept(","):
                break
        self.expect(")")
        self.leave()
        if not values:
            raise core.QueryError("an empty list of values", opening.start)
        if left.kind not in ("field", "computed"):  # "x" IN (a, b)
            pairs = [(value, left) for value in values if value.kind in ("field", "computed")]
        else:
            pairs = [(left, value) for value in values]
        terms: list[Node] = [
            self._term(field, op, value, max(field.start, value.start), max(field.end, value.end)) for field, value in pairs
        ]
        return core.any_of(terms) if terms else None

    def _term(self, left: Value, op: str, right: Value, start: int, end: int) -> Node:
        """The term of one comparison with one value."""
        self.count()
        derived = _is_computed(left) or right.kind in ("field", "computed")
        cased, value = left.cased and op not in ("=~", ":"), right.text
        if right.kind == "null":
            return Term(left.text, "exists" if op == "!=" else "null", "", op, cased, start, end, derived)
        if op in _ORDER:
            return Term(left.text, _ORDER[op], value, op, cased, start, end, derived)
        kind = "eq"
        if op == "rlike" and right.kind == "string":
            kind = "re"
        elif op == "like" and right.kind == "string":
            kind, value = core.pattern(core.pieces(value, "\\*?"))
        term = Term(left.text, kind, value, op, cased, start, end, derived)
        return Not(term) if op == "!=" else term

    # --- values

    def sum(self) -> Value | Node:
        """A value, arithmetic included; a boolean function or group is a Node."""
        start = self.now.start
        left = self._cast(self._unary())
        if self.now.kind != "op" or self.now.text not in _ARITHMETIC:
            return left
        while self.now.kind == "op" and self.now.text in _ARITHMETIC:
            self.take()
            self._cast(self._unary())
        end = self.tokens[self.at - 1].end
        return Value("computed", self.text[start:end], start, end)

    def _cast(self, value: Value | Node) -> Value | Node:
        """`value::type`: still the same value."""
        while self.accept("::"):
            end = self.take().end
            if isinstance(value, Value):
                value = value._replace(end=end)
        return value

    def _unary(self) -> Value | Node:
        signs, start = 0, self.now.start
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
            if self.now.kind == "name" and self.now.text.lower() in _UNITS:
                end = self.take().end
                return Value("string", self.text[token.start : end], token.start, end)
            return Value("number", token.text, token.start, token.end)
        if token.kind == "op":
            return self._bracketed(token)
        lower = token.text.lower()
        if token.kind != "name" or lower in ("and", "or", "in", "like", "rlike", "is", "where", "by"):
            raise self.error("expected a column or a value")
        if self.ahead().kind == "op" and self.ahead().text == "(":
            return self._call()
        self.take()
        if lower in ("true", "false"):
            return Value("bool", lower, token.start, token.end)
        if lower == "null":
            return Value("null", "", token.start, token.end)
        return self.resolved(token)

    def _bracketed(self, token: core.Token) -> Value | Node:
        """`(…)`, `[…]`, `{…}`, `?parameter`, the `*` of COUNT(*)."""
        self.take()
        if token.text == "(":
            self.enter()
            value = self._group()
            self.expect(")")
            self.leave()
            return value
        if token.text == "*" and self.sees(")", ","):
            return Value("computed", "*", token.start, token.end)
        if token.text == "?":
            while self.accept("?"):
                pass
            end = self.take().end if self.now.kind in ("name", "number") else token.end
            return Value("computed", self.text[token.start : end], token.start, end)
        if token.text in ("[", "{"):
            closes, depth = {"[": "]", "{": "}"}[token.text], 1
            while depth and self.now.kind != "end":
                depth += self.now.kind == "op" and self.now.text == token.text
                depth -= self.now.kind == "op" and self.now.text == closes
                end = self.take().end
            if depth:
                raise core.QueryError(f"{token.text!r} is never closed", token.start)
            return Value("computed", self.text[token.start : end], token.start, end)
        self.at -= 1
        raise self.error("expected a column or a value")

    def _group(self) -> Value | Node:
        """What stands in round brackets: a value, or a condition with its terms kept."""
        if not self.sees("not"):
            value = self.sum()
            if isinstance(value, Value):
                if not self._goes_on():
                    return value
                self.stash.append(self.compared(value))
            else:
                self.stash.append(self._truth(value))
        tree = self.boolean(self.operand)
        return And(()) if tree is None else tree

    def _call(self) -> Value | Node:
        """A function: a Node when it is a condition, else a computed value (or still the field that it reads)."""
        name = self.take()
        plain = name.text.lower()
        opening = self.expect("(")
        if plain in ("kql", "qstr") and self.now.kind == "string" and self.ahead().text in (")", ","):
            return self._query_string(plain)
        self.enter()
        arguments: list[Value] = []
        while not self.sees(")"):
            arguments.append(self.argument())
            if not self.accept(","):
                break
            if self.sees("{"):
                self._primary()
        if self.now.kind == "end":
            raise core.QueryError("'(' is never closed", opening.start)
        closing = self.expect(")")
        self.leave()
        span = (name.start, closing.end)
        if plain in _MATCHERS and len(arguments) >= 2:
            return self._matcher(plain, arguments, span)
        first = arguments[0] if arguments else None
        if first is not None and len(arguments) == 1 and first.kind == "field" and plain in _SAME | _UNCASING:
            return first._replace(start=span[0], end=span[1], cased=first.cased and plain in _SAME)
        return Value("computed", self.text[span[0] : span[1]], *span)

    def _matcher(self, plain: str, arguments: list[Value], span: tuple[int, int]) -> Node:
        """STARTS_WITH(field, value), CIDR_MATCH(field, value, …), MATCH(field, query)."""
        left, values = arguments[0], arguments[1:]
        terms: list[Node] = []
        for value in values:
            self.count()
            derived = _is_computed(left) or value.kind in ("field", "computed")
            start, end = (value.start, value.end) if len(values) > 1 else span
            cased = left.cased and plain not in ("match", "match_phrase", "cidr_match")
            terms.append(Term(left.text, _MATCHERS[plain], value.text, plain, cased, start, end, derived))
        return core.any_of(terms)

    def _query_string(self, plain: str) -> Node:
        """KQL("…") and QSTR("…"): a query of another language, whose terms stand inside the string."""
        token = self.take()
        found = characters(token.text)
        places = [token.start + offset for _, offset in found]
        places.append(token.end - (3 if token.text.startswith('"""') else 1))
        text = "".join(char for char, _ in found)
        if self.accept(","):
            self.argument()
        self.expect(")")
        if plain == "kql":
            from linter.dialects.queries import kuery as language
        else:
            from linter.dialects.queries import lucene as language  # type: ignore[no-redef]
        try:
            return _moved(language.parse(text).parts[0].tree, places)
        except core.QueryError as error:
            start = places[min(error.start, len(places) - 1)]
            raise core.QueryError(f"in {plain.upper()}: {error.message}", start, start + 1) from None


def _is_computed(value: Value) -> bool:
    return value.kind != "field"


def _moved(node: Node, places: list[int]) -> Node:
    """The same tree with each term's offsets looked up; `places` has one more entry than the text has characters."""
    if isinstance(node, Term):
        return node._replace(start=places[node.start], end=places[node.end])
    if isinstance(node, Not):
        return Not(_moved(node.item, places), node.label)
    if isinstance(node, And | Or):
        return type(node)(tuple(_moved(item, places) for item in node.items), node.label)
    return node
