"""The syntax tree of a Kusto query: expressions, stages of a pipeline, statements. Offsets are into the query's text."""

from __future__ import annotations


class Expr:
    """An expression; `kind` says which:

    str num span typed bool null        literals, `text` the value
    array bag                           dynamic literals, `items` the elements (values of a bag)
    name                                `text`
    path                                `items[0]` with member accesses `text` (`.a[0].b`)
    call                                `text` the function's name, `items` the arguments
    named                               `text` = `items[0]`
    and or                              `items`
    compare                             `text` the operator, `items` left and right (several for lists, two for between)
    arith                               `items` the operands; nothing more is kept of arithmetic
    star                                `*`
    pipe                                a `Pipe`
    """

    __slots__ = ("end", "items", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int, items: list[Expr] | None = None) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.items: list[Expr] = [] if items is None else items


class Stage:
    """One operator of a pipeline: its name, its expressions, those after `by`/`on`, `name=value` parameters, sub-pipelines."""

    __slots__ = ("by", "end", "items", "name", "names", "params", "start")

    def __init__(self, name: str, start: int) -> None:
        self.name = name
        self.start = start
        self.end = start
        self.items: list[Expr] = []
        self.by: list[Expr] = []
        self.params: dict[str, str] = {}
        self.names: list[str] = []


class Pipe(Expr):
    """A source (None where the first stage is one itself: `union`, `print`, or a sub-pipeline) and its stages."""

    __slots__ = ("source", "stages")

    def __init__(self, source: Expr | None, stages: list[Stage], start: int, end: int) -> None:
        super().__init__("pipe", "", start, end)
        self.source = source
        self.stages = stages


class Param:
    """A parameter of a lambda: whether it takes a table, and its default."""

    __slots__ = ("default", "name", "tabular")

    def __init__(self, name: str, tabular: bool, default: Expr | None) -> None:
        self.name = name
        self.tabular = tabular
        self.default = default


class Let:
    """`let name = value`, or `let name = (params) { body }`."""

    __slots__ = ("body", "name", "params", "start", "value")

    def __init__(self, name: str, start: int) -> None:
        self.name = name
        self.start = start
        self.value: Expr | None = None
        self.params: list[Param] = []
        self.body: Body | None = None


class Body:
    """Statements: lets, then the queries (one as a rule)."""

    __slots__ = ("lets", "queries")

    def __init__(self) -> None:
        self.lets: list[Let] = []
        self.queries: list[Expr] = []
