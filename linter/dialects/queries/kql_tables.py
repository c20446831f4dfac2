"""What Kusto's tabular operators make of the columns: which stay the table's own, which are computed."""

from __future__ import annotations

import re

from linter.dialects.queries.kql_scope import Column, Columns, Operands, Relation, Value
from linter.dialects.queries.kql_syntax import Expr, Stage
from linter.dialects.queries.kql_where import Conditions

TABULAR = frozenset(("table", "_GetWatchlist", "_GetWatchlistAlias", "externaldata", "datatable"))
_TESTED = frozenset(("not", "iff", "iif", "case", "isempty", "isnotempty", "isnull", "isnotnull", "ipv4_is_private",
                     "ipv4_is_in_range", "ipv4_is_match", "has_ipv4", "has_any_ipv4", "set_has_element"))  # fmt: skip
_KEPT = frozenset(("any", "take_any", "anyif", "take_anyif"))
_EXTREME = frozenset(("arg_max", "arg_min", "argmax", "argmin"))
_SETS = frozenset(("make_set", "makeset", "make_list", "makelist"))
_SPREADING = frozenset(("bag_unpack", "pivot"))
_MIXING = frozenset(("autocluster", "basket", "diffpatterns", "narrow", "dcount_intersect", "active_users_count"))
_OTHER = re.compile(r"\W+")


def autoname(expr: Expr) -> str:
    """The name that an expression without one gets: its column's, with `_` for member accesses; "" where none."""
    if expr.kind in ("name", "named"):
        return expr.text
    if expr.kind == "path":
        return _OTHER.sub("_", autoname(expr.items[0]) + expr.text).strip("_")
    if expr.kind == "call" and expr.items:
        return autoname(expr.items[0])
    return ""


class Tables(Conditions):
    """Column bookkeeping of the tabular operators."""

    def computed(self, expr: Expr, name: str, columns: Columns) -> Column:
        """The column that `name = expr` adds."""
        kind = expr.kind
        if kind in ("compare", "and", "or") or (kind == "call" and expr.text in _TESTED):
            return Column(name, True, None, (expr, columns, self.scope))
        found = self.column(expr, columns)
        if found is None:
            return Column(name, True)
        if found.derived and found.test is None:
            return Column(name, True, found.owner)
        return found

    def named(self, items: list[Expr], now: Relation) -> dict[str, Column]:
        """The columns of `name = expression, …`."""
        out: dict[str, Column] = {}
        columns = now.columns
        for item in items:
            name = autoname(item)
            if not name:
                continue
            value = item.items[0] if item.kind == "named" else item
            if value.kind == "pipe":
                continue
            out[name] = self.computed(value, name, columns)
            if value.kind == "call" and value.text in ("toscalar", "materialize"):
                now.children.extend(self.operands([value], columns).relations)
            elif value.kind == "name" and value.text not in columns.names:
                bound = self.scope.find(value.text)
                if bound is not None and bound.operands is not None:
                    now.children.extend(bound.operands.relations)
        return out

    def project(self, now: Relation, stage: Stage) -> None:
        """`project` and `distinct`: these columns and no others."""
        names = self.named(stage.items, now)
        if now.data:
            picked = [autoname(item.items[0] if item.kind == "named" else item) for item in stage.items]
            now.data = {name: now.data[name] for name in picked if name in now.data}
        now.columns = Columns(names, True)

    def summarize(self, now: Relation, stage: Stage) -> None:
        """`summarize`, `make-series`: the columns behind `by` stay what they are, aggregates are computed."""
        before = now.columns
        names: dict[str, Column] = {}
        closed = True
        for item in stage.items:
            call = item.items[0] if item.kind == "named" else item
            if call.kind != "call":
                if item.kind == "named":
                    names[item.text] = Column(item.text, True)
                continue
            name = call.text
            if name in _EXTREME or name in _KEPT:
                kept = call.items[1:] if name in _EXTREME else call.items
                if any(argument.kind == "star" for argument in kept):
                    closed = before.closed
                    names = {**before.names, **names}
                for argument in kept:
                    label = autoname(argument)
                    if label and argument.kind != "star":
                        found = self.computed(argument, label, before)
                        names[label] = found
                        if item.kind == "named" and name in _KEPT:
                            names[item.text] = found
                        elif name == "any":
                            names[f"any_{label}"] = found
                if name in _EXTREME and call.items:
                    label = item.text if item.kind == "named" else autoname(call.items[0])
                    names[label] = self.computed(call.items[0], label, before)
            elif item.kind == "named":
                names[item.text] = Column(item.text, True)
            if now.data and name in _SETS and call.items:
                now.data = {key: value for key, value in now.data.items() if key == autoname(call.items[0])}
        names.update(self.named(stage.by, now))
        now.columns = Columns(names, closed)

    def evaluate(self, now: Relation, stage: Stage) -> None:
        """A plug-in: `bag_unpack` and `pivot` turn values into columns, which are the events' own."""
        plugin = stage.items[0].text if stage.items else ""
        for argument in stage.items[0].items if stage.items else []:
            bound = self.scope.find(argument.text) if argument.kind == "name" else None
            if argument.kind == "pipe" or (bound is not None and bound.relation is not None):
                found = self.relation(argument)
                now.children.append(found)
                if found.listed:
                    self.consult(found.listed, False, argument.start, argument.end)
        if plugin in _SPREADING:
            now.columns = Columns(now.columns.names, False)
        elif plugin in _MIXING:
            now.columns = Columns({}, True)
        if stage.names:
            now.columns = now.columns.plus({name: Column(name, True) for name in stage.names})

    def literal(self, made: Relation, stage: Stage) -> None:
        """`datatable` and `externaldata`: rows that are no events."""
        made.columns = Columns({name: Column(name, True) for name in stage.names}, True)
        if stage.name == "datatable":
            width = len(stage.names)
            for number, name in enumerate(stage.names):
                found: Operands = self.operands(stage.items[number::width], None)
                if not found.computed and not found.relations:
                    made.data[name] = [Value(value.text, value.start, value.end, value.kind) for value in found.values]
        else:
            found = self.operands(stage.items[:1], None)
            made.listed = found.values[0].text if found.values else "externaldata"
