"""Boolean Kusto expressions → condition trees of Terms."""

from __future__ import annotations

from typing import NamedTuple

from linter.dialects.queries.core import MAX_TERMS, QueryError, conjunction, disjunction, pattern
from linter.dialects.queries.kql_scope import Column, Columns, Operands, Relation, Value
from linter.dialects.queries.kql_syntax import Expr
from linter.dialects.queries.kql_values import MAX_CALLS, Call, Values
from linter.rule import And, Node, Not, Or, OrgList, Term


class Op(NamedTuple):
    """An operator: the model's op, whether case counts, whether it negates, whether a list must match entirely."""

    op: str
    cased: bool = False
    negative: bool = False
    every: bool = False


OPS = {
    "==": Op("eq", True), "!=": Op("eq", True, True), "<>": Op("eq", True, True), "=~": Op("eq"), "!~": Op("eq", False, True),
    "in": Op("eq", True), "!in": Op("eq", True, True), "in~": Op("eq"), "!in~": Op("eq", False, True),
    "has_any": Op("token"), "!has_any": Op("token", False, True),
    "has_all": Op("token", every=True), "!has_all": Op("token", False, True, True),
    "matches regex": Op("re", True), ":": Op("token"),
    "<": Op("lt"), "<=": Op("lte"), ">": Op("gt"), ">=": Op("gte"),
    "like": Op("like"), "likecs": Op("like", True), "notlike": Op("like", False, True), "!like": Op("like", False, True),
    "notlikecs": Op("like", True, True), "notcontains": Op("contains", False, True), "containscs": Op("contains", True),
    "notcontainscs": Op("contains", True, True), "!containscs": Op("contains", True, True),
}  # fmt: skip
# A term that begins or ends with a text holds that text: what is left of `hasprefix` and `hassuffix` is `contains`.
for _word, _op in (("has", "token"), ("hasprefix", "contains"), ("hassuffix", "contains"), ("contains", "contains"),
                   ("startswith", "startswith"), ("endswith", "endswith")):  # fmt: skip
    for _no in ("", "!"):
        OPS[f"{_no}{_word}"] = Op(_op, False, bool(_no))
        OPS[f"{_no}{_word}_cs"] = Op(_op, True, bool(_no))
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=", "<>": "<>", "=~": "=~", "!~": "!~"}
_ABSENT = frozenset(("isempty", "isnull"))
_PRESENT = frozenset(("isnotempty", "isnotnull", "notempty", "notnull"))
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
# Functions of a column and the values behind it.
_TESTS = {
    "has_ipv4": "token", "has_any_ipv4": "token", "has_ipv4_prefix": "contains", "has_any_ipv4_prefix": "contains",
    "ipv4_is_match": "cidr", "ipv4_is_in_range": "cidr", "ipv4_is_in_any_range": "cidr", "ipv6_is_match": "cidr",
    "ipv6_is_in_range": "cidr", "ipv6_is_in_any_range": "cidr",
}  # fmt: skip
_BOOLEAN = {"not", "ipv4_is_private", "iff", "iif", "case", "set_has_element", *_ABSENT, *_PRESENT, *_TESTS}
_CHOICES = 12  # branches of a `case` that are spelled out where the wanted ones stand among others


class Conditions(Values):
    """Conditions of `where`, and of computed columns that `where` reads."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lists: dict[tuple[str, bool], OrgList] = {}
        self.consulted: list[Relation] = []  # relations that the condition at hand reads
        self.keywords = False  # whether a bare string is a search term
        self.terms = 0

    def leaf(
        self, column: Column, op: str, value: str, native: str, cased: bool, start: int, end: int, derived: bool = False,
        listed: bool = False,
    ) -> Term:  # fmt: skip
        """A Term of a column."""
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryError(f"more than {MAX_TERMS} terms", start, end)
        self.owners.add(column.owner)
        return Term(column.field, op, value, native, cased, start, end, derived or column.derived, listed)

    def truth(self, expr: Expr, columns: Columns, negated: bool = False) -> Node | None:
        """The tree of a boolean expression; None for one that says nothing (a constant)."""
        kind = expr.kind
        if kind == "compare":
            return self._compare(expr, columns, negated)
        if kind == "and":
            return conjunction([self.truth(item, columns, negated) for item in expr.items])
        if kind == "or":
            return disjunction([self.truth(item, columns, negated) for item in expr.items])
        if kind == "call":
            return self._function(expr, columns, negated)
        if kind == "named":
            column = Expr("name", expr.text, expr.start, expr.start + len(expr.text))
            return self._compare(Expr("compare", "==", expr.start, expr.end, [column, expr.items[0]]), columns, negated)
        if kind == "str" and self.keywords:
            return self.leaf(Column(""), "keyword", expr.text, "search", False, expr.start, expr.end)
        if kind in ("name", "path"):
            column_read = self.column(expr, columns)
            if column_read is None:
                return None
            return self._flag(column_read, expr, negated)
        if kind == "arith":
            return self.leaf(Column(self.written(expr), True), "eq", "true", "", False, expr.start, expr.end)
        return None

    def _flag(self, column: Column, expr: Expr, negated: bool) -> Node | None:
        """A boolean column by itself."""
        if column.test is not None:
            return self._tested(column, None, negated)
        return self.leaf(column, "eq", "true", "==", False, expr.start, expr.end)

    def _tested(self, column: Column, wanted: tuple[str, str] | None, negated: bool) -> Node | None:
        """The condition that a computed column stands for: true, or (operator, text) for one that chooses among constants."""
        if column.test is None or self.calls >= MAX_CALLS:
            return None
        expr, columns, scope = column.test
        self.step(expr.start)
        outer, self.scope = self.scope, scope
        self.calls += 1
        try:
            if wanted is None:
                return self.truth(expr, columns, negated)
            return self._choice(expr, columns, wanted, negated)
        finally:
            self.scope = outer
            self.calls -= 1

    # Comparisons

    def _compare(self, expr: Expr, columns: Columns, negated: bool) -> Node | None:
        op, left = OPS[expr.text] if expr.text in OPS else Op("between"), expr.items[0]
        if op.op == "between":
            return self._between(expr, columns)
        if left.kind == "star":
            return self._anywhere(expr, op, columns)
        column = self.column(left, columns)
        if len(expr.items) == 2:
            node, done = self._special(expr, op, column, columns, negated)
            if done:
                return node
        operands = self.operands(expr.items[1:], columns)
        if column is None:
            turned = self._turned(expr, columns) if len(expr.items) == 2 or op.op == "eq" else None
            if turned is not None:
                return turned
            mine = self.operands([left], columns)
            if not mine.computed and not operands.computed:
                return None if not (mine.relations or operands.relations) else self._unknown(expr, op, operands)
            return self._unknown(expr, op, operands)
        return self._list(expr, op, column, operands, negated)

    def _special(self, expr: Expr, op: Op, column: Column | None, columns: Columns, negated: bool) -> tuple[Node | None, bool]:
        """A comparison of a boolean expression or of a choice with a constant: (tree, True), else (None, False)."""
        if op.op != "eq":
            return None, False
        left, right = expr.items[0], expr.items[1]
        if right.kind not in ("bool", "num", "str"):
            return None, False
        if right.kind == "bool" or (right.kind == "num" and right.text in ("0", "1")):
            positive = (right.text in ("true", "1")) != op.negative
            boolean = left.kind in ("compare", "and", "or") or (left.kind == "call" and left.text in _BOOLEAN)
            if boolean and not (left.kind == "call" and left.text in ("iff", "iif", "case")):
                node = self.truth(left, columns, negated != (not positive))
                return (node if positive or node is None else Not(node)), True
            if column is not None and column.test is not None and column.test[0].kind in ("compare", "and", "or"):
                node = self._tested(column, None, negated != (not positive))
                return (node if positive or node is None else Not(node)), True
        wanted = (expr.text, right.text)
        if column is not None and column.test is not None and column.test[0].kind == "call":
            node = self._tested(column, wanted, negated)
            return node, node is not None
        if column is None and left.kind == "call" and left.text in ("iff", "iif", "case"):
            node = self._choice(left, columns, wanted, negated)
            return node, node is not None
        return None, False

    def _choice(self, expr: Expr, columns: Columns, wanted: tuple[str, str], negated: bool) -> Node | None:
        """When `iff`/`case` yields a constant that satisfies a comparison, as a tree; None where that can't be told."""
        self.step(expr.start)
        op, text = OPS[wanted[0]], wanted[1]
        items = expr.items
        if expr.kind != "call" or expr.text not in ("iff", "iif", "case") or len(items) % 2 == 0:
            if expr.kind == "call" and expr.text in _BOOLEAN and text in ("true", "false", "1", "0"):
                positive = (text in ("true", "1")) != op.negative
                node = self.truth(expr, columns, negated != (not positive))
                return node if positive or node is None else Not(node)
            return None
        results = [*items[1:-1:2], items[-1]]
        if any(result.kind not in ("str", "num", "bool") for result in results):
            return None
        same = [(r.text == text if op.cased else r.text.lower() == text.lower()) != op.negative for r in results]
        wants = sum(same)
        conditions = items[0:-1:2]
        if not wants or wants == len(same):
            return None
        if all(same[:wants]):  # the first ones: any of their conditions
            return disjunction([self.truth(item, columns, negated) for item in conditions[:wants]])
        if all(same[-wants:]):  # the last ones, the default among them: none of the others
            node = disjunction([self.truth(item, columns, not negated) for item in conditions[: len(same) - wants]])
            return None if node is None else Not(node)
        if len(same) > _CHOICES:
            return None
        branches: list[Node | None] = []
        for number, wants_it in enumerate(same):
            if wants_it:
                before = [self.truth(item, columns, not negated) for item in conditions[:number]]
                own = [self.truth(conditions[number], columns, negated)] if number < len(conditions) else []
                branches.append(conjunction([*own, *(Not(item) for item in before if item is not None)]))
        return disjunction(branches)

    def _list(self, expr: Expr, op: Op, column: Column, operands: Operands, negated: bool) -> Node | None:
        """A column against constants, lists and relations."""
        native, single = expr.text, len(expr.items) == 2 and expr.items[1].kind not in ("array", "bag")
        self.consulted.extend(operands.relations)
        items: list[Node] = []
        if len(operands.values) == 1 and not operands.relations and not operands.computed:
            value = operands.values[0]
            if op.op == "eq" and (value.kind == "null" or value.text == ""):  # a presence test, never an exclusion
                name = "exists" if op.negative else "null"
                return self.leaf(column, name, "", native, False, expr.start, expr.end)
            items.append(
                self._valued(column, op, value, native, (expr.start, expr.end) if single else (value.start, value.end))
            )
        else:
            for value in operands.values:
                items.append(self._valued(column, op, value, native, (value.start, value.end)))
        right = expr.items[-1]
        for relation in operands.relations:
            if relation.data:
                for value in next(iter(relation.data.values())):
                    items.append(self._valued(column, op, value, native, (right.start, right.end)))
            elif relation.listed:
                self.consult(relation.listed, negated != op.negative, right.start, right.end)
                items.append(
                    self.leaf(column, "eq", relation.listed, native, op.cased, expr.start, expr.end, listed=True)
                )  # fmt: skip
            else:
                items.append(self.leaf(column, op.op, self.written(right), native, op.cased, expr.start, expr.end, True))
        if not items and not operands.computed and right.kind == "name":  # a list left empty is there to be filled
            self.consult(right.text, negated != op.negative, right.start, right.end)
            items.append(self.leaf(column, "eq", right.text, native, op.cased, expr.start, expr.end, listed=True))
        elif operands.computed or not items:
            text = ", ".join(self.written(item) for item in expr.items[1:4])
            items.append(self.leaf(column, op.op, text, native, op.cased, expr.start, expr.end, True))
        node = conjunction(items) if op.every else disjunction(items)
        return Not(node) if op.negative and node is not None else node

    def _valued(self, column: Column, op: Op, value: Value, native: str, span: tuple[int, int]) -> Term:
        name, text, cased = op.op, value.text, op.cased
        if name == "eq" and (value.kind == "null" or not text):
            return self.leaf(column, "null", "", native, False, *span)
        if name == "re":
            cased = not text.startswith("(?i)")
        elif name == "like":
            name, text = pattern([(char == "%", "*" if char == "%" else char) for char in text])
        return self.leaf(column, name, text, native, cased and value.kind == "str", *span)

    def consult(self, name: str, negated: bool, start: int, end: int) -> None:
        """Notes an organisation's list."""
        self.lists.setdefault((name, negated), OrgList(name, negated, start, end))

    def _turned(self, expr: Expr, columns: Columns) -> Node | None:
        """`"value" == column`, `"value" in (column, …)`: the column is on the right."""
        if expr.text not in _FLIPPED and expr.text not in ("in", "in~", "!in", "!in~"):
            return None
        value = self.operands(expr.items[:1], columns)
        read = [self.column(item, columns) for item in expr.items[1:]]
        if value.computed or value.relations or len(value.values) != 1:
            return None
        op = OPS[_FLIPPED.get(expr.text, expr.text)]
        found = [column for column in read if column is not None]
        if not found or len(found) != len(read):
            return None
        one = len(found) == 1
        if one and op.op == "eq" and not value.values[0].text:
            return self.leaf(found[0], "exists" if op.negative else "null", "", expr.text, False, expr.start, expr.end)
        node = disjunction([self._valued(column, op, value.values[0], expr.text, (expr.start, expr.end)) for column in found])
        return Not(node) if op.negative and node is not None else node

    def _unknown(self, expr: Expr, op: Op, operands: Operands) -> Node:
        """A comparison of something computed."""
        self.consulted.extend(operands.relations)
        column = Column(self.written(expr.items[0]), True)
        items: list[Node] = []
        for value in operands.values:
            items.append(self._valued(column, op, value, expr.text, (expr.start, expr.end)))
        if not items:
            text = self.written(expr.items[-1])
            items.append(self.leaf(column, op.op, text, expr.text, op.cased, expr.start, expr.end))
        node = And(tuple(items)) if op.every and len(items) > 1 else items[0] if len(items) == 1 else Or(tuple(items))
        return Not(node) if op.negative else node

    def _between(self, expr: Expr, columns: Columns) -> Node:
        """Two terms; computed where one of the bounds is, which then may count from the other."""
        left, low, high = expr.items
        column = self.column(left, columns) or Column(self.written(left), True)
        found = [self.operands([bound], columns) for bound in (low, high)]
        self.consulted.extend(relation for each in found for relation in each.relations)
        plain = all(not each.computed and len(each.values) == 1 for each in found)
        nodes: list[Node] = []
        for op, bound, each in (("gte", low, found[0]), ("lte", high, found[1])):
            text = each.values[0].text if plain else self.written(bound)
            nodes.append(self.leaf(column, op, text, expr.text, False, expr.start, expr.end, not plain))
        node = And(tuple(nodes))
        return Not(node) if expr.text[0] == "!" else node

    def _anywhere(self, expr: Expr, op: Op, columns: Columns) -> Node | None:
        """`* has "x"`: a term looked for in every column."""
        operands = self.operands(expr.items[1:], columns)
        column = Column("")
        items: list[Node | None] = [
            self.leaf(column, "keyword", value.text, expr.text, op.cased, expr.start, expr.end) for value in operands.values
        ]
        node = conjunction(items) if op.every else disjunction(items)
        return Not(node) if op.negative and node is not None else node

    # Functions

    def _function(self, expr: Expr, columns: Columns, negated: bool) -> Node | None:
        name, items = expr.text, expr.items
        if name == "not" and len(items) == 1:
            node = self.truth(items[0], columns, not negated)
            return None if node is None else Not(node)
        if not items:
            pass
        elif name in _ABSENT or name in _PRESENT:
            column = self.column(items[0], columns) or Column(self.written(items[0]), True)
            return self.leaf(column, "null" if name in _ABSENT else "exists", "", name, False, expr.start, expr.end)
        elif name in _TESTS or name == "ipv4_is_private":
            return self._address(expr, columns)
        elif name in ("iff", "iif", "case"):
            return self._chosen(expr, columns, negated)
        elif name == "set_has_element" and len(items) == 2:
            return self._compare(Expr("compare", "==", expr.start, expr.end, items), columns, negated)
        elif name in ("tobool", "toboolean", "bool", "assert", "coalesce") and items[0].kind in (
            "compare",
            "and",
            "or",
            "call",
        ):
            return self.truth(items[0], columns, negated)
        elif (column_read := self.column(expr, columns)) is not None:
            return self._flag(column_read, expr, negated)
        bound = self.scope.find(name)
        if bound is not None and bound.body is not None and self.calls < MAX_CALLS:
            with Call(self, bound, expr, columns) as inner:
                if inner is not None:
                    return self.truth(inner, columns, negated)
        return self.leaf(Column(self.written(expr), True), "eq", "true", name, False, expr.start, expr.end)

    def _address(self, expr: Expr, columns: Columns) -> Node:
        name, items = expr.text, expr.items
        if name == "ipv4_is_private":
            column = self.column(items[0], columns) or Column(self.written(items[0]), True)
            return Or(tuple(self.leaf(column, "cidr", net, name, False, expr.start, expr.end) for net in _PRIVATE))
        column_read = self.column(items[0], columns)
        rest = items[1:]
        if column_read is None and rest and self.column(rest[0], columns) is not None:  # ipv4_is_match("10.0.0.0/8", column)
            column_read, rest = self.column(rest[0], columns), [items[0], *rest[1:]]
        column = column_read or Column(self.written(items[0]), True)
        bits = ""
        if name.endswith("_is_match") and len(rest) == 2 and rest[1].kind == "num":
            bits, rest = f"/{rest[1].text}", rest[:1]
        found = self.operands(rest, columns)
        self.consulted.extend(found.relations)
        nodes: list[Node] = [
            self.leaf(column, _TESTS[name], value.text + bits, name, False, expr.start, expr.end) for value in found.values
        ]
        for relation in found.relations:
            if relation.listed:
                nodes.append(self.leaf(column, "eq", relation.listed, name, False, expr.start, expr.end, listed=True))
        if not nodes and not found.computed and rest and rest[0].kind == "name":  # a list left empty is there to be filled
            self.consult(rest[0].text, False, rest[0].start, rest[0].end)
            nodes.append(self.leaf(column, "eq", rest[0].text, name, False, expr.start, expr.end, listed=True))
        elif found.computed or not nodes:
            text = ", ".join(self.written(item) for item in rest)
            nodes.append(self.leaf(column, _TESTS[name], text, name, False, expr.start, expr.end, True))
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _chosen(self, expr: Expr, columns: Columns, negated: bool) -> Node | None:
        """`iff(c, a, b)` and `case(…)` as a condition: each branch under its own condition and none before it."""
        self.step(expr.start)
        items = expr.items
        if len(items) % 2 == 0 or len(items) > 2 * _CHOICES:
            return self.leaf(Column(self.written(expr), True), "eq", "true", expr.text, False, expr.start, expr.end)
        simple = self._choice(expr, columns, ("==", "true"), negated)
        if simple is not None:
            return simple
        branches: list[Node | None] = []
        for at in range(0, len(items), 2):
            result = items[at + 1] if at + 1 < len(items) else items[at]
            if result.kind == "bool" and result.text == "false":
                continue
            own = [] if at + 1 >= len(items) else [self.truth(items[at], columns, negated)]
            before = [self.truth(item, columns, not negated) for item in items[0:at:2]]
            then = self.truth(result, columns, negated)
            branches.append(conjunction([*own, *(Not(item) for item in before if item is not None), then]))
        return disjunction(branches)
