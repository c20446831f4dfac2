"""Which raw column an expression reads, and which constants it comes to, let bindings included.

A function that hands its one column on unchanged but for type, case or blanks is a *wrapper*: a comparison of it is a
comparison of the column. `coalesce` is one where only one column is among its arguments. Everything else is computed.
"""

from __future__ import annotations

import json

from linter.dialects.queries.core import MAX_TERMS, QueryError
from linter.dialects.queries.kql_scope import Binding, Column, Columns, Operands, Relation, Scope, Value
from linter.dialects.queries.kql_syntax import Expr, Let
from linter.rule import Node

WRAPPERS = frozenset((
    "tostring", "tolower", "toupper", "toint", "tolong", "todouble", "toreal", "todecimal", "tobool", "toboolean", "todatetime",
    "totimespan", "toguid", "todynamic", "parse_json", "parsejson", "toobject", "trim", "trim_start", "trim_end", "string",
    "dynamic_to_json", "assert", "materialize", "toscalar", "url_decode", "int", "long", "real", "double", "bool", "decimal",
))  # fmt: skip
_JOINED = frozenset(("array_concat", "pack_array", "set_union", "make_list", "makelist", "make_set", "makeset"))
_LITERALS = frozenset(("str", "num", "span", "typed", "bool", "null"))
_TIMES = frozenset(("datetime", "date", "timespan", "time", "guid"))
_EXISTS = frozenset(("column_ifexists", "columnifexists"))
MAX_CALLS = 24  # lambdas within lambdas
MAX_STEPS = 20_000  # lambda bodies, the stages in them, and computed conditions read in their place


class Values:
    """Names to columns and constants. `text` is the query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.scope = Scope()
        self.calls = 0
        self.steps = 0
        self.owners: set[Relation | None] = set()

    def relation(self, expr: Expr) -> Relation:
        """The relation that a tabular expression comes to."""
        raise NotImplementedError

    def truth(self, expr: Expr, columns: Columns, negated: bool = False) -> Node | None:
        """The condition tree of a boolean expression."""
        raise NotImplementedError

    def let(self, let: Let) -> None:
        """Binds a let statement in the current scope."""
        raise NotImplementedError

    def step(self, start: int) -> None:
        """Counts work, so that lambdas calling lambdas can't run away."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise QueryError("functions call functions too often", start)

    def written(self, expr: Expr) -> str:
        """An expression as written, on one line, cut where it is long."""
        text = " ".join(self.text[expr.start : min(expr.end, expr.start + 400)].split())
        return text if len(text) <= 120 else f"{text[:119]}…"

    # Columns

    def column(self, expr: Expr, columns: Columns) -> Column | None:
        """The column that an expression reads, itself or through wrappers; None when it is a constant or computed."""
        kind = expr.kind
        if kind == "name":
            found = columns.names.get(expr.text)
            if found is not None:
                return found
            bound = self.scope.find(expr.text)
            if bound is not None:
                return bound.column
            return Column(expr.text, columns.closed)
        if kind == "path":
            base = self.column(expr.items[0], columns)
            return None if base is None else Column(base.field + expr.text, base.derived, base.owner)
        if kind == "call":
            return self._wrapped(expr, columns)
        if kind == "named":
            return self.column(expr.items[0], columns)
        return None

    def _wrapped(self, expr: Expr, columns: Columns) -> Column | None:
        name, items = expr.text, expr.items
        if name in WRAPPERS:
            # trim's first argument is the pattern
            return self.column(items[-1 if name.startswith("trim") else 0], columns) if items else None
        if name in _EXISTS and items and items[0].kind == "str":
            return self.column(Expr("name", items[0].text, items[0].start, items[0].end), columns)
        if name == "coalesce":
            found = [self.column(item, columns) for item in items if item.kind not in _LITERALS]
            return found[0] if len(found) == 1 else None
        bound = self.scope.find(name)
        if bound is not None and bound.body is not None and self.calls < MAX_CALLS:
            with Call(self, bound, expr, columns) as inner:
                return self.column(inner, columns) if inner is not None and inner.kind in ("call", "name", "path") else None
        return None

    # Constants

    def operands(self, items: list[Expr], columns: Columns | None) -> Operands:
        """What a list of expressions comes to."""
        out = Operands()
        for item in items:
            self._gather(item, columns, out)
            if len(out.values) > MAX_TERMS:
                raise QueryError(f"a list of more than {MAX_TERMS} values", item.start, item.end)
        return out

    def _gather(self, expr: Expr, columns: Columns | None, out: Operands) -> None:
        kind = expr.kind
        if kind in _LITERALS:
            out.values.append(Value(expr.text, expr.start, expr.end, kind))
        elif kind == "array":
            for item in expr.items:
                self._gather(item, columns, out)
        elif kind == "name":
            if columns is not None and expr.text in columns.names:
                out.computed = True
                return
            bound = self.scope.find(expr.text)
            if bound is None:
                out.computed = True
            elif bound.body is not None:
                self._called(Expr("call", expr.text, expr.start, expr.end), columns, out)
            else:
                self._bound(bound, expr, out)
        elif kind == "pipe":
            out.relations.append(self.relation(expr))
        elif kind == "named":
            self._gather(expr.items[0], columns, out)
        elif kind == "call":
            self._called(expr, columns, out)
        else:
            out.computed = True

    def _bound(self, bound: Binding, expr: Expr, out: Operands) -> None:
        """A let name: its values stand where it is used."""
        if bound.relation is not None:
            out.relations.append(bound.relation.copy())
        elif bound.operands is not None:
            start, end = expr.start, expr.end
            out.values.extend([Value(value.text, start, end, value.kind) for value in bound.operands.values])
            out.relations.extend(bound.operands.relations)
            out.computed |= bound.operands.computed
        else:
            out.computed = True

    def _called(self, expr: Expr, columns: Columns | None, out: Operands) -> None:
        name, items = expr.text, expr.items
        if name in ("todynamic", "parse_json", "parsejson") and items and items[0].kind == "str":
            self._json(items[0], out)
        elif name in ("_GetWatchlist", "table", "externaldata", "datatable"):
            out.relations.append(self.relation(expr))
        elif name in WRAPPERS or name in _JOINED or name in _TIMES or name in ("toscalar", "materialize", "distinct"):
            for item in items:
                self._gather(item, columns, out)
            if name in ("tolower", "toupper"):
                change = str.lower if name == "tolower" else str.upper
                out.values = [value._replace(text=change(value.text)) for value in out.values]
        elif name in ("split", "strcat", "strcat_delim"):
            self._text(expr, columns, out)
        else:
            bound = self.scope.find(name)
            if bound is None or bound.body is None or self.calls >= MAX_CALLS:
                out.computed = True
                return
            with Call(self, bound, expr, columns or Columns({})) as inner:
                if inner is None or inner.kind in ("compare", "and", "or"):
                    out.computed = True
                else:
                    self._gather(inner, columns, out)

    def _text(self, expr: Expr, columns: Columns | None, out: Operands) -> None:
        """`strcat` and `split` of constants."""
        parts = self.operands(expr.items, columns)
        texts = [value.text for value in parts.values]
        if parts.computed or parts.relations or not texts or len(texts) != len(expr.items):
            out.computed = True
        elif expr.text == "strcat":
            out.values.append(Value("".join(texts), expr.start, expr.end, "str"))
        elif expr.text == "strcat_delim":
            out.values.append(Value(texts[0].join(texts[1:]), expr.start, expr.end, "str"))
        elif len(texts) > 1 and texts[1]:
            out.values.extend(Value(text, expr.start, expr.end, "str") for text in texts[0].split(texts[1]))

    def _json(self, expr: Expr, out: Operands) -> None:
        try:
            found = json.loads(expr.text)
        except (ValueError, RecursionError):
            out.computed = True
            return
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, str | int | float) and not isinstance(item, bool):
                out.values.append(Value(str(item), expr.start, expr.end, "str"))
            else:
                out.computed = True


class Call:
    """A lambda's body with its parameters bound, for the time of a `with`; None when the body is no plain expression."""

    def __init__(
        self, reader: Values, bound: Binding, expr: Expr, columns: Columns, piped: Relation | None = None
    ) -> None:  # `piped`: what `invoke` hands over as the first argument
        self.reader = reader
        self.piped = piped
        self.bound = bound
        self.expr = expr
        self.columns = columns

    def __enter__(self) -> Expr | None:
        reader, bound = self.reader, self.bound
        reader.step(self.expr.start)
        self.outer = reader.scope
        inner = Scope(bound.scope)
        given = {item.text: item.items[0] for item in self.expr.items if item.kind == "named"}
        placed = [item for item in self.expr.items if item.kind != "named"]
        params = bound.params
        if self.piped is not None and params:
            slot = inner.names[params[0].name] = Binding(inner)
            slot.relation = self.piped
            params = params[1:]
        for number, param in enumerate(params):
            value = given.get(param.name) or (placed[number] if number < len(placed) else param.default)
            slot = Binding(inner)
            if value is not None:
                self._bind(slot, value, param.tabular)
            inner.names[param.name] = slot
        reader.scope = inner
        reader.calls += 1
        body = bound.body
        if body is None or len(body.queries) != 1:
            return None
        for let in body.lets:
            reader.let(let)
        return body.queries[0]

    def _bind(self, slot: Binding, value: Expr, tabular: bool) -> None:
        reader = self.reader
        if tabular or value.kind == "pipe":
            slot.relation = reader.relation(value)
            return
        slot.column = reader.column(value, self.columns)
        if slot.column is None or value.kind == "name":
            found = reader.operands([value], self.columns)
            if not found.computed:
                slot.operands, slot.column = found, None
            elif slot.column is None:
                slot.column = Column(reader.written(value), True)

    def __exit__(self, *_: object) -> None:
        self.reader.scope = self.outer
        self.reader.calls -= 1
