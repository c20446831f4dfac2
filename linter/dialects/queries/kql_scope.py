"""What names mean while a Kusto query is read: relations with their columns, let bindings, values."""

from __future__ import annotations

from typing import NamedTuple

from linter.dialects.queries.kql_syntax import Body, Expr, Param
from linter.rule import Node


class Value(NamedTuple):
    """A constant: its text, its place, and its kind (an `Expr` literal kind)."""

    text: str
    start: int
    end: int
    kind: str


class Operands:
    """What the right side of a comparison comes to: constants, relations, and whether anything computed is among them."""

    __slots__ = ("computed", "relations", "values")

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.relations: list[Relation] = []
        self.computed = False


class Column:
    """A column: the table's own field that it reads, or `derived`; the relation it came from by a join; for a computed
    boolean the expression that can be read in its stead (`test`), with the names as they were there.
    """

    __slots__ = ("derived", "field", "owner", "test")

    def __init__(
        self,
        field: str,
        derived: bool = False,
        owner: Relation | None = None,
        test: tuple[Expr, Columns, Scope] | None = None,
    ) -> None:
        self.field = field
        self.derived = derived
        self.owner = owner
        self.test = test


class Columns:
    """The columns that are known by name; `closed`: there are no others (after `project`, `summarize`). Never changed."""

    __slots__ = ("closed", "names")

    def __init__(self, names: dict[str, Column], closed: bool = False) -> None:
        self.names = names
        self.closed = closed

    def plus(self, more: dict[str, Column]) -> Columns:
        """These columns and more."""
        return Columns({**self.names, **more}, self.closed)


OPEN = Columns({})


class Relation:
    """Rows of a table (or several) and the conditions on them; `children` are relations joined to it or consulted by it.

    `base` is the let-bound relation that it continues: whoever is read first gets the base's conditions. `listed` names the
    watchlist or the external data it is; `data` holds the columns of a `datatable`. `chain` is the place of the last `where`
    (its start and end) before anything changes the columns, or of the source.
    """

    __slots__ = ("base", "chain", "chained", "children", "columns", "data", "listed", "nodes", "sources", "start")

    def __init__(self, sources: list[str], start: int, end: int) -> None:
        self.sources = sources
        self.columns = OPEN
        self.nodes: list[Node] = []
        self.children: list[Relation] = []
        self.base: Relation | None = None
        self.listed = ""
        self.data: dict[str, list[Value]] = {}
        self.start = start
        self.chain = (start, end)
        self.chained = True

    def copy(self) -> Relation:
        """A relation that continues this one."""
        other = Relation(list(self.sources), *self.chain)
        other.base = self
        other.columns = self.columns
        other.listed = self.listed
        other.data = self.data
        other.chained = self.chained
        return other


class Binding:
    """What a let name stands for: operands, a relation, a column or a lambda."""

    __slots__ = ("body", "column", "expr", "operands", "params", "relation", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.operands: Operands | None = None
        self.relation: Relation | None = None
        self.column: Column | None = None
        self.params: list[Param] = []
        self.body: Body | None = None
        self.expr: Expr | None = None


class Scope:
    """Let bindings, and the scope around them."""

    __slots__ = ("names", "parent")

    def __init__(self, parent: Scope | None = None) -> None:
        self.names: dict[str, Binding] = {}
        self.parent = parent

    def find(self, name: str) -> Binding | None:
        """The binding of a name, or None."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None
