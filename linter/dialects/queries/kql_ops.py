"""Kusto operators with a shape of their own: union, search, find, datatable, externaldata, parse, partition, evaluate."""

from __future__ import annotations

from linter.dialects.queries.kql_expr import Expressions
from linter.dialects.queries.kql_lex import unquoted
from linter.dialects.queries.kql_syntax import Expr, Pipe, Stage

_PARAMS = frozenset((
    "kind", "withsource", "with_source", "isfuzzy", "bagexpansion", "with_itemindex", "flags", "datascope", "with_match_id",
    "with_step_name", "id",
))  # fmt: skip
SHUT = frozenset((")", "]", "}"))
_OPEN = frozenset(("(", "[", "{"))


class Operators(Expressions):
    """Reads what stands behind the names of the rarer operators (`_NAME_stage`)."""

    def stage(self) -> Stage:
        """One operator with its arguments."""
        raise NotImplementedError

    def schema(self) -> list[str]:
        """The column names of `(a: string, b: long)`."""
        names: list[str] = []
        self.expect("(")
        while self.text() != ")":
            token = self.take()
            if token.text == "[":
                names.append(unquoted(self.take().text) if self.now.kind == "string" else "")
                self.expect("]")
            elif token.text != "*":
                if token.kind not in ("name", "typed"):
                    self.at -= token.kind != "end"
                    raise self.error("expected a column's name")
                names.append(token.text)
            if self.text() == ":":
                self.at += 1
                self.take()
            if self.text() != ",":
                break
            self.at += 1
        self.expect(")")
        return names

    def subpipe(self) -> Pipe:
        """A pipeline without a source of its own, as `partition` and `mv-apply` take: stages up to the closing bracket."""
        start = self.tokens[self.at].start
        stages: list[Stage] = []
        if self.text() not in SHUT:
            stages.append(self.stage())
        while self.text() == "|":
            self.at += 1
            stages.append(self.stage())
        return Pipe(None, stages, start, self.tokens[self.at - 1].end)

    def params(self, stage: Stage, allowed: tuple[str, ...] = ()) -> None:
        """`kind=inner hint.strategy=shuffle`: what stands before an operator's own arguments."""
        while True:
            token = self.tokens[self.at]
            text = token.text
            if text == "hint" and self.ahead().text == ".":
                self.at += 3
                while self.text() == ".":
                    self.at += 2
                text = "hint"
            elif self.ahead().text == "=" and text in _PARAMS and not allowed:
                self.at += 1
            else:
                return
            self.expect("=")
            if self.text() == "(":
                self.over((")",))
                self.expect(")")
                continue
            value = self.take()
            stage.params[text] = unquoted(value.text) if value.kind == "string" else value.text
            while self.text() == "," and self.ahead().kind == "name" and text == "hint" and self.ahead(2).text in (",", "("):
                self.at += 2

    def over(self, stops: tuple[str, ...]) -> None:
        """Moves to one of the signs at this depth, or to what closes this group."""
        depth = 0
        while True:
            token = self.tokens[self.at]
            if token.kind == "end" or (depth == 0 and (token.text in stops or token.text in SHUT)):
                return
            depth += (token.text in _OPEN) - (token.text in SHUT)
            self.at += 1

    def _union_stage(self, stage: Stage) -> None:
        self.params(stage)
        while True:
            token = self.tokens[self.at]
            if token.kind == "name" or token.text == "*":
                stage.items.append(self._wildcard())
            else:
                stage.items.append(self.postfix(self._primary()))
            self.params(stage)
            if self.text() != ",":
                return
            self.at += 1

    def _wildcard(self) -> Expr:
        """A table name, perhaps with `*`, or a call."""
        first = self.tokens[self.at]
        at, end, text = self.at, first.start, ""
        while (self.tokens[at].kind in ("name", "number") or self.tokens[at].text == "*") and self.tokens[at].start == end:
            text, end, at = text + self.tokens[at].text, self.tokens[at].end, at + 1
        if "*" in text:
            self.at = at
            return Expr("name", text, first.start, end)
        return self.postfix(self._primary())

    def _search_stage(self, stage: Stage) -> None:
        self.params(stage)
        if self.text() == "in" and self.ahead().text == "(":
            self._tables(stage)
        self.colons = True
        stage.by.append(self.expression())
        self.colons = False

    def _tables(self, stage: Stage) -> None:
        self.at += 2
        while self.text() != ")":
            stage.items.append(self._wildcard())
            if self.text() != ",":
                break
            self.at += 1
        self.expect(")")

    def _find_stage(self, stage: Stage) -> None:
        self.params(stage)
        if self.text() == "in" and self.ahead().text == "(":
            self._tables(stage)
        self.accept("where")
        self.colons = True
        stage.by.append(self.expression())
        self.colons = False
        self.over(("|", ";"))

    def _range_stage(self, stage: Stage) -> None:
        stage.names.append(self.take().text)
        self.over(("|", ";"))

    def _datatable_stage(self, stage: Stage) -> None:
        stage.names = self.schema()
        self.expect("[")
        while self.text() != "]":
            stage.items.append(self.json() if self.text() in ("[", "{") else self._unary())
            if self.text() != ",":
                break
            self.at += 1
        self.expect("]")

    def _externaldata_stage(self, stage: Stage) -> None:
        stage.names = self.schema()
        shut = "]" if self.accept("[") else ")" if self.accept("(") else ""
        while shut and self.text() != shut:
            stage.items.append(self._unary())
            if self.text() != ",":
                break
            self.at += 1
        if shut:
            self.expect(shut)
        if self.text() == "with":
            self.at += 1
            self.expect("(")
            self.over((")",))
            self.expect(")")

    _external_data_stage = _externaldata_stage

    def _evaluate_stage(self, stage: Stage) -> None:
        self.params(stage, ("hint",))
        stage.items.append(self._primary())
        if self.text() == ":":
            self.at += 1
            stage.names = self.schema()

    def _invoke_stage(self, stage: Stage) -> None:
        stage.items.append(self.postfix(self._primary()))

    def _partition_stage(self, stage: Stage) -> None:
        self.params(stage)
        self.expect("by")
        stage.items.append(Expr("name", self.take().text, self.now.start, self.now.end))
        shut = ")" if self.accept("(") else "}" if self.accept("{") else ""
        if not shut:
            raise self.error("expected ( or {")
        self.enter()
        inner = self.subpipe() if shut == ")" else self.tabular()
        self.leave()
        stage.by.append(inner)
        self.expect(shut)

    def _parse_stage(self, stage: Stage) -> None:
        """`parse [kind=…] [flags=…] e with * "text" name:type *`: the names are columns cut out of e."""
        self.params(stage)
        stage.items.append(self.expression())
        self.expect("with")
        while self.text() not in ("|", ";", ")", "}", ""):
            token = self.take()
            if token.kind == "name":
                stage.names.append(token.text)
                if self.text() == ":":
                    self.at += 1
                    self.take()
            elif token.text == "[" and self.now.kind == "string":
                stage.names.append(unquoted(self.take().text))
                self.expect("]")
            elif token.kind != "string" and token.text not in ("*", ":", ",", "(", "-"):
                self.at -= 1
                raise self.error("expected a string, a column or `*`")

    _parse_where_stage = _parse_stage
