"""Kusto pipelines and statements: text → `Body`. Operators whose details say nothing about filters are read over."""

from __future__ import annotations

from linter.dialects.queries.core import QueryError
from linter.dialects.queries.kql_expr import SOURCES
from linter.dialects.queries.kql_lex import LEXER, unquoted
from linter.dialects.queries.kql_ops import Operators
from linter.dialects.queries.kql_syntax import Body, Expr, Let, Param, Pipe, Stage

MAX_TOKENS = 120_000  # the longest public query has 1,620; this many take less than a second
_LISTS = frozenset(("extend", "project", "distinct", "serialize", "project-rename", "print", "summarize", "mv-expand",
                    "mvexpand", "mv-apply", "mvapply", "make-series"))  # fmt: skip
_SKIPPED = frozenset((
    "as", "assert-schema", "consume", "count", "execute-and-cache", "facet", "fork", "getschema", "limit", "macro-expand",
    "make-graph", "graph-match", "graph-mark-components", "graph-shortest-paths", "graph-to-table", "graph-where-edges",
    "graph-where-nodes", "order", "parse-kv", "partition-by", "project-away", "project-by-names", "project-keep",
    "project-reorder", "project-smart", "reduce", "render", "sample", "sample-distinct", "scan", "sort", "take", "top",
    "top-hitters", "top-nested",
))  # fmt: skip
_BEHIND = frozenset(("on", "limit", "default", "to", "from", "step", "in", "with_itemindex"))
_OVER = frozenset(("|", ";", ")", "}", ""))
_AFTER = _OVER | _BEHIND | {",", "by"}
_ORDER = frozenset(("asc", "desc", "nulls", "first", "last"))


class Pipelines(Operators):
    """Reads statements and pipelines."""

    def body(self, close: str = "") -> Body:
        """Statements up to the closing sign (the end of the text, or `}`), which is not taken."""
        body = Body()
        while self.text() != close or (not close and self.now.kind != "end"):
            text = self.text()
            if text == ";":
                self.at += 1
                continue
            if text == "let" and self.ahead().kind == "name":
                body.lets.append(self._let())
            elif text == "declare" and self.ahead().text == "query_parameters" and self.ahead(2).text == "(":
                self._parameters(body)
            elif text in ("set", "declare", "alias", "restrict", "pattern") and self.ahead().kind == "name":
                self.over((";",))
            else:
                body.queries.append(self.tabular())
            if self.text() != close or (not close and self.now.kind != "end"):
                self.expect(";")
        return body

    def _parameters(self, body: Body) -> None:
        """`declare query_parameters(a: string = "x")`: lets, as far as they have a default."""
        start = self.now.start
        self.at += 3
        while self.text() != ")":
            param = self._param()
            if param.default is not None:
                let = Let(param.name, start)
                let.value = param.default
                body.lets.append(let)
            if self.text() != ",":
                break
            self.at += 1
        self.expect(")")

    def _let(self) -> Let:
        start = self.take().start
        let = Let(self.take().text, start)
        self.expect("=")
        if self.text() == "view" and self.ahead().text == "(":
            self.at += 1
        if self.text() == "(" and self._is_lambda():
            self.at += 1
            while self.text() != ")":
                let.params.append(self._param())
                if self.text() != ",":
                    break
                self.at += 1
            self.expect(")")
            self.expect("{")
            self.enter()
            let.body = self.body("}")
            self.leave()
            self.expect("}")
        else:
            let.value = self.tabular()
        return let

    def _is_lambda(self) -> bool:
        after = self.ahead(2)
        if self.ahead().text == ")":
            return after.text == "{"
        return self.ahead().kind == "name" and after.text == ":"

    def _param(self) -> Param:
        if self.now.kind != "name":
            raise self.error("expected a parameter's name")
        name = self.take().text
        self.expect(":")
        tabular = self.text() == "("
        if tabular:
            self.schema()
        else:
            self.take()
        default = None
        if self.text() == "=":
            self.at += 1
            default = self._unary()
        return Param(name, tabular, default)

    def tabular(self) -> Expr:
        """An expression, or a pipeline: a source and stages behind `|`."""
        token = self.tokens[self.at]
        source: Expr | None = None
        stages: list[Stage] = []
        if token.kind == "name" and token.text in SOURCES and self._is_source(token.text):
            stages.append(self.stage())
        else:
            source = self.expression()
            if self.tokens[self.at].text != "|":
                return source
        while self.tokens[self.at].text == "|":
            self.at += 1
            stages.append(self.stage())
        if source is not None and source.kind not in ("name", "call", "pipe", "path", "str"):
            raise QueryError("expected a table before the first `|`", source.start, source.end)
        return Pipe(source, stages, token.start, self.tokens[self.at - 1].end)

    def _is_source(self, word: str) -> bool:
        after = self.ahead()
        if word in ("datatable", "externaldata", "external_data"):
            return after.text == "("
        if after.text == "(":
            return word in ("union", "search", "find", "evaluate", "print")
        return after.kind in ("name", "string", "number", "typed") or after.text in ("*", "[")

    def stage(self) -> Stage:
        """One operator with its arguments. QueryError for one that Kusto doesn't have."""
        token = self.tokens[self.at]
        if token.kind not in ("name", "typed"):
            raise self.error("expected an operator")
        self.at += 1
        name, end = token.text, token.end
        while (
            self.tokens[self.at].text == "-"
            and self.tokens[self.at].start == end
            and self.ahead().kind == "name"
            and self.ahead().start == end + 1
        ):
            self.at += 1
            name, end = f"{name}-{self.text()}", self.now.end
            self.at += 1
        stage = Stage(name, token.start)
        if name in ("where", "filter"):
            self.params(stage, ("hint",))
            stage.items.extend(self._items())  # `where a = "x"` is accepted, and then means `==`
        elif name in _LISTS:
            self._listing(stage)
        elif name in ("join", "lookup"):
            self._join(stage)
        elif name in _SKIPPED:
            self._skipped(stage)
        else:
            rare = getattr(self, f"_{name.replace('-', '_')}_stage", None)
            if rare is None or name.startswith("_"):
                raise QueryError(f"unknown operator {name[:40]!r}", token.start, end)
            rare(stage)
        stage.end = self.tokens[self.at - 1].end
        return stage

    def _listing(self, stage: Stage) -> None:
        """Comma-separated items up to the end of the stage, with the words that each operator puts behind an item."""
        name = stage.name
        if name in ("mv-expand", "mvexpand", "mv-apply", "mvapply"):
            self.params(stage)
        elif name not in ("project", "extend", "print"):
            self.params(stage, ("hint",))
            if name == "make-series" and self.text() == "kind" and self.ahead().text == "=":
                self.at += 3
        target = stage.items
        while True:
            text = self.text()
            if text in _OVER:
                return
            if text == "by" and target is stage.items and name in ("summarize", "make-series"):
                self.at += 1
                target = stage.by
                self.params(stage, ("hint",))
                continue
            if text in _BEHIND and target is stage.items:
                if self._behind(stage, text):
                    return
                continue
            if text == ",":
                self.at += 1
                continue
            before = self.at
            target.extend(self._items())
            if self.text() not in _AFTER:
                if self.text() in _ORDER:
                    self.at += 1
                    continue
                raise self.error("expected a comma or `|`")
            if self.at == before:
                raise self.error("expected an expression")

    def _behind(self, stage: Stage, word: str) -> bool:
        """What follows an item: `to typeof(x)`, `limit n`, `on` … True when the stage ends with it."""
        self.at += 1
        if word == "on" and stage.name in ("mv-apply", "mvapply"):
            self.expect("(")
            self.enter()
            stage.by.append(self.subpipe())
            self.leave()
            self.expect(")")
            return True
        self._unary() if word != "default" else (self.accept("="), self._unary())
        return False

    def _items(self) -> list[Expr]:
        """One item: `name = e`, `(a, b) = e` (an item a name), `["name"] = e`, `e`."""
        token = self.tokens[self.at]
        after = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if after.text == "=" and token.kind in ("name", "typed"):
            self.at += 2
            value = self.expression()
            return [Expr("named", token.text, token.start, value.end, [value])]
        if token.text in ("(", "["):
            names, at = self._target()
            if names:
                self.at = at
                value = self.expression()
                return [Expr("named", name, token.start, value.end, [value]) for name in names]
        return [self.expression()]

    def _target(self) -> tuple[list[str], int]:
        """The names of `(a, b) =` or `["a"] =` and the place behind, ([], 0) when no such thing stands here."""
        at, names = self.at + 1, list[str]()
        shut = ")" if self.text() == "(" else "]"
        while self.tokens[at].kind in ("name", "string"):
            token = self.tokens[at]
            names.append(unquoted(token.text) if token.kind == "string" else token.text)
            at += 1
            if self.tokens[at].text == ",":
                at += 1
        if self.tokens[at].text == shut and self.tokens[min(at + 1, len(self.tokens) - 1)].text == "=":
            return names, at + 2
        return [], 0

    def _join(self, stage: Stage) -> None:
        self.params(stage)
        stage.items.append(self.postfix(self._primary()))
        self.params(stage)
        if self.text() == "on":
            self.at += 1
            stage.by.append(self.expression())
            while self.text() == ",":
                self.at += 1
                stage.by.append(self.expression())
        elif self.text() == "where":
            self.at += 1
            stage.by.append(self.expression())

    def _skipped(self, stage: Stage) -> None:
        start = self.at
        self.over(("|", ";"))
        stage.names = [
            token.text for token in self.tokens[start : self.at] if token.kind == "name" and token.text not in _ORDER
        ]


def syntax(text: str) -> Body:
    """The statements of a query. QueryError, with the place, when it is none."""
    tokens = LEXER.tokens(text, limit=MAX_TOKENS)
    tokens.extend([tokens[-1]] * 4)  # so that a look ahead needs no test
    parser = Pipelines(tokens)
    body = parser.body()
    if not body.queries and not body.lets:
        raise QueryError("there is no query", 0, max(1, len(text)))
    return body
