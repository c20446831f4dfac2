"""ES|QL: a pipeline of commands. All WHERE commands of a pipeline are one condition; each sub-query in FROM is a part.

Columns are followed through the pipeline: a renamed column is still the raw one, also behind TO_LOWER or a cast; what EVAL,
STATS, GROK, DISSECT, ENRICH and their like compute is `derived`. Expressions are in `esql_expr`.
"""

from __future__ import annotations

import re

from linter.dialects.queries import core
from linter.dialects.queries.esql_expr import Expressions
from linter.dialects.queries.esql_lex import Columns, lex, unquote
from linter.dialects.queries.operand import Value
from linter.rule import And, Node, OrgList

_SOURCES = ("from", "ts", "row", "show", "metrics", "promql", "explain")
_SHAPING = frozenset(("keep", "drop", "sort", "limit", "mv_expand", "sample", "lookup", "insist", "fuse", "join", "highlight"))
_SCORING = frozenset(("completion", "rerank", "change_point", "uri_parts", "user_agent", "registered_domain", "metrics_info"))


def parse(text: str) -> core.Query:
    """The parts of an ES|QL query. Raises `core.QueryError` with offsets into `text`."""
    reader = _Esql(text, lex(text))
    reader.settings()
    tree, sources = reader.pipeline(start=True)
    if reader.now.kind != "end":
        raise reader.error("expected '|' or the end of the query")
    parts = [core.Part(And(()) if tree is None else tree, sources)]
    for inner, inner_sources in reader.subqueries:
        joined = core.conjunction([inner, tree])
        parts.append(core.Part(And(()) if joined is None else joined, inner_sources))
    if reader.subqueries and not sources:
        parts = parts[1:]
    return core.Query(tuple(parts), tuple(reader.lists))


class _Esql(Expressions):
    """Reads one query, command by command."""

    def __init__(self, text: str, tokens: list[core.Token]) -> None:
        super().__init__(text, tokens)
        self.subqueries: list[tuple[Node | None, tuple[str, ...]]] = []
        self.lists: list[OrgList] = []

    def settings(self) -> None:
        """`SET name = value;` before the query."""
        while self.sees("set") and self.ahead(2).text == "=":
            while self.now.kind != "end" and not self.accept(";"):
                self.take()

    def pipeline(self, *, start: bool) -> tuple[Node | None, tuple[str, ...]]:
        """Commands up to the end, or the closing bracket of a sub-query: the condition and the sources."""
        sources: tuple[str, ...] = ()
        conditions: list[Node | None] = []
        if start:
            if not self.sees(*_SOURCES):
                raise self.error("expected FROM, TS, ROW or SHOW")
            sources = self._source()
        else:
            conditions.append(self._command())
        while self.accept("|"):
            conditions.append(self._command())
        return core.conjunction(conditions), sources

    def _source(self) -> tuple[str, ...]:
        """The source command: index patterns as written."""
        name = self.take().text.lower()
        if name == "row":
            self._assignments()
            return ()
        if name not in ("from", "ts", "metrics"):
            self._skip()
            return ()
        sources: list[str] = []
        while True:
            if self.sees("(") and self.ahead().text.lower() == "from":
                self._subquery()
            else:
                sources.append(self._index())
            if not self.accept(","):
                break
        if self.accept("metadata") or (self.sees("[") and self.ahead().text.lower() == "metadata"):
            self._skip()
        return tuple(dict.fromkeys(sources))

    def _index(self) -> str:
        """One index pattern: tokens without a space between them."""
        first = self.take()
        if first.kind == "string":
            return unquote(first.text)
        if first.kind == "end" or first.text in ("|", ",", ")"):
            raise core.QueryError("expected an index pattern", first.start, max(first.end, first.start + 1))
        end, depth = first.end, first.text == "<"
        while self.now.start == end and self.now.kind != "end" and (depth or self.now.text not in (",", "|", ")")):
            if depth and self.now.text == ">":
                depth = False
            end = self.take().end
        return self.text[first.start : end]

    def _subquery(self) -> None:
        """`(FROM … | …)` among the sources: a part of its own."""
        self.enter()
        self.take()
        outer, self.columns = self.columns, Columns()
        self.subqueries.append(self.pipeline(start=True))
        self.columns = outer
        self.expect(")")
        self.leave()

    # --- commands

    def _command(self) -> Node | None:
        """One command behind a `|`; what it says of the rows it lets through."""
        token = self.now
        name = token.text.lower() if token.kind == "name" else ""
        if name == "where":
            self.take()
            return self.boolean(self.operand)
        if name == "eval":
            self.take()
            self._assignments()
        elif name in ("stats", "inlinestats", "inline"):
            self.take()
            if name == "inline":
                self.expect("stats")
            self._stats(keeps=name != "stats")
        elif name == "rename":
            self.take()
            self._rename()
        elif name in ("grok", "dissect"):
            self.take()
            self._extract(name)
        elif name == "enrich":
            self.take()
            self._enrich()
        elif name == "fork":
            self.take()
            return self._fork()
        elif name in _SCORING:
            self.take()
            self._scoring(name)
        elif name in _SHAPING or (name and self.ahead().text.lower() == "join"):
            self.take()
            self._skip()
        else:
            raise self.error("unknown command")
        return None

    def _skip(self, *stops: str) -> None:
        """Past the rest of a command, or up to one of these words and signs outside brackets."""
        opened: list[core.Token] = []
        while self.now.kind != "end":
            kind, text = self.now.kind, self.now.text
            if kind == "op":
                if not opened and text in ("|", ")"):
                    break
                if text in "([{":
                    opened.append(self.now)
                elif text in ")]}" and opened:
                    opened.pop()
            if not opened and stops and kind != "string" and text.lower() in stops:
                break
            self.take()
        if opened:
            raise core.QueryError(f"{opened[-1].text!r} is never closed", opened[-1].start)

    def _assignments(self) -> None:
        """`a = expression, b = expression`; all of them see the columns as they were."""
        while True:
            name, value = self._assignment()
            self.columns.define(name, value)
            if not self.accept(","):
                return

    def _assignment(self) -> tuple[str, Value]:
        """`name = expression`, or an expression that is named by its own text."""
        name = ""
        if self.now.kind == "name" and self.ahead().kind == "op" and self.ahead().text == "=":
            name = self.column(self.take().text)
            self.take()
        first, at = self.now, self.at
        value = self.argument()
        if not name and first.kind == "name" and self.at == at + 1:
            name = self.column(first.text)  # a column keeps its own name, whatever it stands for
        return name or value.text, value

    def _stats(self, *, keeps: bool) -> None:
        """`STATS a = f(x) WHERE condition, … BY b, c = expression`: its columns are computed, plain keys stay raw."""
        made: list[tuple[str, Value]] = []
        if not self.sees("by"):
            while True:
                made.append(self._aggregate())
                if not self.accept(","):
                    break
        keys: list[tuple[str, Value]] = []
        if self.accept("by"):
            while True:
                keys.append(self._assignment())
                if not self.accept(","):
                    break
        if not keeps:
            self.columns = Columns(dict(self.columns.named) if not made and not keys else {})
        for name, value in made + keys:
            self.columns.define(name, value)

    def _aggregate(self) -> tuple[str, Value]:
        """`name = function(expression) WHERE condition`: computed, whatever it says."""
        name = ""
        if self.now.kind == "name" and self.ahead().kind == "op" and self.ahead().text == "=":
            name = self.column(self.take().text)
            self.take()
        start, first = self.now.start, self.at
        self._skip(",", "by", "where")
        if self.at == first:
            raise self.error("expected an aggregate")
        end = self.tokens[self.at - 1].end
        if self.accept("where"):
            self.boolean(self.operand)
        return name or self.text[start:end], Value("computed", "", start, end)

    def _rename(self) -> None:
        """`old AS new, …` or `new = old, …`."""
        while True:
            first = self.take()
            if first.kind != "name":
                raise core.QueryError("expected a column", first.start, max(first.end, first.start + 1))
            if self.accept("="):
                second = self.take()
                old, new = second, first
            else:
                self.expect("as")
                old, new = first, self.take()
            self.columns.define(self.column(new.text), self.resolved(old))
            if not self.accept(","):
                return

    def _extract(self, name: str) -> None:
        """GROK and DISSECT: the columns that their patterns name are computed."""
        self.argument()
        while True:
            if self.now.kind != "string":
                raise self.error("expected a pattern")
            pattern = unquote(self.take().text)
            if name == "grok":
                names = re.findall(r"%\{\w+:([\w@.-]+)(?::\w+)?\}|\(\?<([\w@.-]+)>", pattern)
                found = [first or second for first, second in names]
            else:
                found = [key.strip("+?*&").split("->")[0].split("/")[0] for key in re.findall(r"%\{([^{}]*)\}", pattern)]
            for column in found:
                if column:
                    self.columns.compute(column)
            if not self.accept(","):
                break
        if self.accept("append_separator"):
            self.expect("=")
            self.take()

    def _enrich(self) -> None:
        """`ENRICH policy ON field WITH new = column, …`: an organisation's own table."""
        first = self.take()
        end = first.end
        while self.now.start == end and self.now.kind != "end" and self.now.text != "|":
            end = self.take().end
        name = unquote(first.text) if first.kind == "string" else self.text[first.start : end]
        self.lists.append(OrgList(name, False, first.start, end))
        if self.accept("on"):
            self.take()
        if self.accept("with"):
            while self.now.kind == "name":
                self.columns.compute(self.column(self.take().text))
                if self.accept("="):
                    self.take()
                if not self.accept(","):
                    break
        else:
            self._skip()

    def _fork(self) -> Node | None:
        """`FORK (commands) (commands)`: a row passes by any of the branches."""
        branches: list[Node | None] = []
        before = self.columns
        after: dict[str, Value] = dict(before.named)
        while self.sees("("):
            self.enter()
            self.take()
            self.columns = Columns(dict(before.named), before.prefixes)
            branches.append(self.pipeline(start=False)[0])
            after.update(self.columns.named)
            self.expect(")")
            self.leave()
        if not branches:
            raise self.error("expected '('")
        self.columns = Columns(after, before.prefixes)
        self.columns.compute("_fork")
        return None if None in branches else core.disjunction(branches)

    def _scoring(self, name: str) -> None:
        """COMPLETION, RERANK, CHANGE_POINT and the parsers: what they add is computed."""
        if self.now.kind == "name" and self.ahead().text == "=":
            target = self.column(self.take().text)
            self.columns.compute(target)
            self.columns.prefixes = (*self.columns.prefixes, f"{target}.")
        defaults = {"completion": ("completion",), "rerank": ("_score",), "change_point": ("type", "pvalue")}
        for column in defaults.get(name, ()):
            self.columns.compute(column)
        self._skip()
