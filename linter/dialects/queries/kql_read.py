"""Kusto statements and stages → relations with their conditions.

Every predicate that is written counts once: of the relations that continue a tabular let the first gets its conditions (`kql`
puts them together), the others read the same tables and columns. Joined relations, sub-queries and filtered legs of a union
keep their own conditions; a condition behind a join that reads only columns of the joined side is the joined side's.
"""

from __future__ import annotations

from linter.dialects.queries.core import wildcard
from linter.dialects.queries.kql_asim import is_parser, parameter
from linter.dialects.queries.kql_scope import Binding, Column, Columns, Operands, Relation
from linter.dialects.queries.kql_syntax import Body, Expr, Let, Pipe, Stage
from linter.dialects.queries.kql_tables import TABULAR, Tables
from linter.dialects.queries.kql_values import MAX_CALLS, Call
from linter.dialects.queries.kql_where import OPS
from linter.rule import Node, Not

_UNCHAINED = frozenset(("where", "filter", "extend", "parse", "parse-where", "parse-kv", "mv-expand", "mvexpand", "serialize"))


class Reader(Tables):
    """Reads a whole query."""

    def body(self, body: Body) -> list[Relation]:
        """The relations of the statements' queries; of the last let where there is no query."""
        for let in body.lets:
            self.let(let)
        found = [self.relation(query) for query in body.queries]
        if not found and body.lets:
            bound = self.scope.find(body.lets[-1].name)
            last = bound.relation if bound is not None else None
            if last is None and bound is not None and bound.body is not None:
                last = self._lambda(bound, Expr("call", body.lets[-1].name, body.lets[-1].start, body.lets[-1].start))
            found = [last] if last is not None else []
        return found

    def let(self, let: Let) -> None:
        """Binds a name. Constants and relations are read here, once; a lambda's body where it is called."""
        bound = Binding(self.scope)
        value = let.value
        if let.body is not None:
            bound.body, bound.params = let.body, let.params
        elif value is not None:
            known = self.scope.find(value.text) if value.kind == "name" else None
            if known is not None and known.body is None:
                bound = known
            elif value.kind in ("pipe", "name") or (value.kind == "call" and self._is_tabular(value)):
                bound.relation = self.relation(value)
            else:
                bound.operands = self.operands([value], None)
                bound.expr = value
        self.scope.names[let.name] = bound

    def _is_tabular(self, expr: Expr) -> bool:
        name = expr.text
        if name in ("materialize", "view") and expr.items:
            inner = expr.items[0]
            return inner.kind == "pipe" or (inner.kind == "call" and self._is_tabular(inner)) or inner.kind == "name"
        if name in TABULAR or is_parser(name):
            return True
        bound = self.scope.find(name)
        if bound is not None and bound.body is not None and len(bound.body.queries) == 1:
            query = bound.body.queries[0]
            return query.kind == "pipe" or (query.kind == "call" and query.text != name and is_parser(query.text))
        return False

    # Sources

    def relation(self, expr: Expr) -> Relation:
        """The relation that a tabular expression comes to."""
        kind = expr.kind
        if isinstance(expr, Pipe):
            return self._pipe(expr, None)
        if kind == "name":
            bound = self.scope.find(expr.text)
            if bound is None:
                return Relation([expr.text], expr.start, expr.end)
            if bound.body is not None:  # a function without arguments may go without parentheses
                return self._lambda(bound, Expr("call", expr.text, expr.start, expr.end))
            if bound.relation is None and bound.expr is not None and bound.expr.kind == "call":
                bound.relation = self.relation(bound.expr)
            return bound.relation.copy() if bound.relation is not None else Relation([], expr.start, expr.end)
        if kind == "call":
            return self._function_source(expr)
        if kind == "named":
            return self.relation(expr.items[0])
        return Relation([], expr.start, expr.end)

    def _function_source(self, expr: Expr) -> Relation:
        name, items = expr.text, expr.items
        if name in ("materialize", "view", "toscalar", "cache") and items:
            return self.relation(items[0])
        bound = self.scope.find(name)
        if bound is not None and bound.body is not None:
            return self._lambda(bound, expr)
        found = self.operands(items[:1], None) if name in ("table", "_GetWatchlist", "_GetWatchlistAlias") else Operands()
        text = found.values[0].text if found.values else ""
        if name == "table" and text:
            return Relation([text], expr.start, expr.end)
        made = Relation([], expr.start, expr.end)
        if name.startswith("_GetWatchlist"):
            made.listed = text or name
            made.columns = Columns({}, True)
        else:
            made.sources = [name]
            if is_parser(name):
                self._parser_arguments(made, items)
        return made

    def _parser_arguments(self, made: Relation, items: list[Expr]) -> None:
        for item in items:
            asked = parameter(item.text) if item.kind == "named" else None
            if asked is None:
                continue
            column, op = asked
            place = Expr("name", column, item.start, item.start + len(item.text))
            test = "has_ipv4_prefix" if op == "has_any_ipv4_prefix" else op
            value = item.items[0]
            if value.kind in ("str", "array") and not value.text and not value.items:
                continue  # "" and dynamic([]) are the defaults: no filter
            if test in OPS:
                node = self.truth(Expr("compare", test, item.start, item.end, [place, value]), made.columns)
            else:
                node = self.truth(Expr("call", test, item.start, item.end, [place, value]), made.columns)
            made.children.extend(self.consulted)
            self.consulted.clear()
            self._add(made, node)

    def _lambda(self, bound: Binding, expr: Expr) -> Relation:
        if self.calls >= MAX_CALLS:
            return Relation([expr.text], expr.start, expr.end)
        with Call(self, bound, expr, Columns({})) as inner:
            if inner is not None:
                return self.relation(inner)
        return Relation([], expr.start, expr.end)

    # Stages

    def _pipe(self, pipe: Pipe, given: Relation | None) -> Relation:
        """A pipeline over its own source, or over a given relation (`partition`, `mv-apply`, `invoke`)."""
        now = given
        if pipe.source is not None:
            now = self.relation(pipe.source)
        for stage in pipe.stages:
            if self.calls:
                self.step(stage.start)
            name = stage.name
            if now is not None and name not in _UNCHAINED:
                now.chained = False
            if name == "where" or name == "filter":
                now = now or Relation([], stage.start, stage.start)
                self._where(now, stage)
            elif now is None:
                now = self._source(stage)
            else:
                now = self._applied(now, stage)
        return now if now is not None else Relation([], pipe.start, pipe.end)

    def _where(self, now: Relation, stage: Stage) -> None:
        for item in stage.items:
            for condition in item.items if item.kind == "and" else [item]:
                self._add(now, self._condition(condition, now.columns, now))
        if now.chained:
            now.chain = (stage.start, stage.end)
        now.data = {}

    def _condition(self, expr: Expr, columns: Columns, now: Relation) -> Node | None:
        self.owners.clear()
        node = self.truth(expr, columns)
        if self.consulted:
            now.children.extend(self.consulted)
            self.consulted.clear()
        return node

    def _add(self, now: Relation, node: Node | None) -> None:
        """Puts a condition where its columns come from: with the joined side when it reads nothing else."""
        if node is None:
            return
        owner = next(iter(self.owners)) if len(self.owners) == 1 else None
        (owner or now).nodes.append(node)

    def _applied(self, now: Relation, stage: Stage) -> Relation:
        name = stage.name
        if name in ("extend", "serialize"):
            now.columns = now.columns.plus(self.named(stage.items, now))
        elif name in ("project", "distinct"):
            if not any(item.kind == "star" for item in stage.items):
                self.project(now, stage)
        elif name == "project-rename":
            now.columns = now.columns.plus(self.named(stage.items, now))
        elif name == "summarize":
            self.summarize(now, stage)
        elif name in ("mv-expand", "mvexpand", "mv-apply", "mvapply"):
            names = self.named(stage.items, now)
            if index := stage.params.get("with_itemindex"):
                names[index] = Column(index, True)
            now.columns = now.columns.plus(names)
            self._inside(now, stage)
        elif name == "partition":
            self._inside(now, stage)
        elif name in ("parse", "parse-where", "parse-kv", "scan"):
            now.columns = now.columns.plus({text: Column(text, True) for text in stage.names})
        elif name == "make-series":
            self.summarize(now, stage)
        elif name in ("join", "lookup"):
            return self._join(now, stage)
        elif name == "union":
            return self._union(stage, now)
        elif name in ("search", "find"):
            self._search(now, stage)
        elif name == "evaluate":
            self.evaluate(now, stage)
        elif name == "as" and stage.names:
            bound = Binding(self.scope)
            bound.relation, now = now, now.copy()
            self.scope.names[stage.names[-1]] = bound
        elif name == "invoke" and stage.items:
            return self._invoked(now, stage.items[0])
        elif name in ("count", "getschema", "reduce"):
            now.columns = Columns({}, True)
        return now

    def _inside(self, now: Relation, stage: Stage) -> None:
        """A sub-pipeline over the rows at hand: its conditions count, its projections change nothing behind it."""
        for inner in stage.by:
            if isinstance(inner, Pipe):
                if inner.source is not None:
                    now.children.append(self.relation(inner))
                    continue
                before = now.columns
                self._pipe(inner, now)
                now.columns = Columns({**now.columns.names, **before.names}, before.closed)

    def _invoked(self, now: Relation, call: Expr) -> Relation:
        bound = self.scope.find(call.text)
        if bound is None or bound.body is None or self.calls >= MAX_CALLS or not bound.params:
            return now
        with Call(self, bound, call, Columns({}), now) as inner:
            return self.relation(inner) if inner is not None else now

    def _source(self, stage: Stage) -> Relation:
        """A stage that stands first: union, search, find, print, range, datatable, externaldata."""
        name = stage.name
        made = Relation([], stage.start, stage.end)
        if name == "union":
            return self._union(stage, None)
        if name in ("search", "find"):
            made.sources = [item.text for item in stage.items]
            self._search(made, stage)
            made.chained = True
        elif name in ("datatable", "externaldata", "external_data"):
            self.literal(made, stage)
        elif name in ("print", "range"):
            made.columns = Columns({}, True)
            names = self.named(stage.items, made)
            made.columns = Columns({**names, **{text: Column(text, True) for text in stage.names}}, True)
        else:
            return self._applied(made, stage)
        return made

    def _search(self, now: Relation, stage: Stage) -> None:
        self.keywords = True
        for item in stage.by:
            for condition in item.items if item.kind == "and" else [item]:
                if condition.kind == "compare" and condition.text == ":" and condition.items[1].kind == "str":
                    self._colon(now, condition)
                else:
                    self._add(now, self._condition(condition, now.columns, now))
        self.keywords = False

    def _colon(self, now: Relation, condition: Expr) -> None:
        """`Column:"val*"` of a search: a term, or what its wildcards say."""
        column = self.column(condition.items[0], now.columns) or Column(condition.items[0].text, True)
        op, value = wildcard(condition.items[1].text)
        self.owners.clear()
        self._add(now, self.leaf(column, "token" if op == "eq" else op, value, ":", False, condition.start, condition.end))

    def _union(self, stage: Stage, now: Relation | None) -> Relation:
        legs = [now] if now is not None else []
        for item in stage.items:
            named = self._starred(item.text) if item.kind == "name" and item.text.endswith("*") else []
            legs.extend(self.relation(one) for one in named or [item])
        if len(legs) == 1:
            return legs[0]
        made = Relation([], stage.start, stage.end)
        names: dict[str, Column] = {}
        for leg in legs:
            made.sources.extend(source for source in leg.sources if source not in made.sources)
            made.children.append(leg)
            for name, column in leg.columns.names.items():
                known = names.get(name)
                if known is None or (known.derived and not column.derived):
                    names[name] = column if column.owner is None else Column(column.field, column.derived)
        made.columns = Columns(names, bool(legs) and all(leg.columns.closed for leg in legs))
        if "withsource" in stage.params:
            made.columns = made.columns.plus({stage.params["withsource"]: Column(stage.params["withsource"], True)})
        return made

    def _starred(self, text: str) -> list[Expr]:
        """The let-bound tables and functions that `name*` names; none where it names tables of the database."""
        known = [name for name, one in self.scope.names.items() if one.body is not None or one.relation is not None]
        return [Expr("name", name, 0, 1) for name in known if len(text) > 1 and name.startswith(text[:-1])]

    def _join(self, now: Relation, stage: Stage) -> Relation:
        kind = stage.params.get("kind", "innerunique" if stage.name == "join" else "leftouter").lower()
        other = self.relation(stage.items[0])
        anti = "anti" in kind
        for pair in stage.by:
            self._keys(now, other, pair, anti)
        if kind.startswith("right") and ("anti" in kind or "semi" in kind):
            other.children.append(now)
            return other
        now.children.append(other)
        if not anti and "semi" not in kind:
            mine, names = now.columns, dict(now.columns.names)
            for name, column in other.columns.names.items():
                if name in names or (column.test is None and column.field == name and not mine.closed and not column.derived):
                    names.setdefault(f"{name}1", Column(column.field, column.derived, other, column.test))
                else:
                    names[name] = Column(column.field, column.derived, column.owner or other, column.test)
            now.columns = Columns(names, mine.closed and other.columns.closed)
        return now

    def _keys(self, now: Relation, other: Relation, pair: Expr, anti: bool) -> None:
        """A join with a watchlist tests its key against the list."""
        if not other.listed:
            return
        left = pair
        if pair.kind == "compare" and len(pair.items) == 2:
            left = next((item for item in pair.items if item.text.startswith(".") and item.items[0].text == "$left"), pair)
            left = Expr("name", left.text[1:], left.start, left.end) if left is not pair else pair
        self.consult(other.listed, anti, pair.start, pair.end)
        column = self.column(left, now.columns)
        if column is not None:
            self.owners.clear()
            leaf: Node = self.leaf(column, "eq", other.listed, "join", False, pair.start, pair.end, listed=True)
            self._add(now, Not(leaf) if anti else leaf)
