"""EQL, Elastic's Event Query Language: event queries, sequences and samples; also the endpoint's own rules.

Each event of a sequence is a part of its own, whose source is its category (`eql:process`). An event that must be missing
(`![…]`) or that ends a sequence (`until`) is a part under a Not. Fields lose their `?` and backticks.
"""

from __future__ import annotations

from linter.dialects.queries import core
from linter.dialects.queries.eql_expr import Conditions, lex, path, unquote
from linter.rule import And, Not

MAX_EVENTS = 256


def parse(text: str) -> core.Query:
    """The parts of an EQL query. Raises `core.QueryError` with offsets into `text`."""
    return core.Query(tuple(_Eql(text, lex(text)).query()))


class _Eql(Conditions):
    """Reads one query."""

    def query(self) -> list[core.Part]:
        """The whole query, up to the end of the text."""
        if self.now.kind == "end":
            raise core.QueryError("the query is empty", 0)
        following = self.ahead()
        if self.sees("sequence", "sample", "join") and following.text.lower() in ("by", "with", "[", "!"):
            self.take()
            self._events()
        else:
            self.parts.insert(0, self._event())
        while self.accept("|"):
            self._pipe()
        if self.now.kind != "end":
            raise self.error("expected an operator or the end of the query")
        return self.parts

    def _event(self) -> core.Part:
        """`category where condition`."""
        if self.ahead().text.lower() != "where" or not (self.now.kind in ("field", "string") or self.sees("*")):
            raise self.error("expected an event category and 'where'")
        token = self.take()
        category = unquote(token.text) if token.kind == "string" else path(token.text)
        self.take()
        tree = self.boolean(self.operand)
        return core.Part(And(()) if tree is None else tree, (f"eql:{category}",))

    def _events(self) -> None:
        """The events of a sequence, sample or join."""
        seen = False
        while True:
            if self.accept("by"):
                self._keys()
            elif self.accept("with"):
                self._settings()
            elif self.accept("as"):
                self.aliases.add(self.take().text)
            elif self.accept("until"):
                self.subquery(absent=True)
            elif self.sees("!") and self.ahead().text == "[":
                self.take()
                self.subquery(absent=True)
                seen = True
            elif self.sees("["):
                self.subquery(absent=False)
                seen = True
            else:
                break
        if not seen:
            raise self.error("expected an event in [ ]")

    def subquery(self, *, absent: bool) -> None:
        """`[category where condition]`, a part of its own."""
        self.expect("[")
        if len(self.parts) >= MAX_EVENTS:
            raise core.QueryError(f"more than {MAX_EVENTS} events in one query", self.now.start)
        self.enter()
        place = len(self.parts)
        part = self._event()
        self.expect("]")
        self.leave()
        self.parts.insert(place, part._replace(tree=Not(part.tree)) if absent else part)

    def _keys(self) -> None:
        """The fields of `by a, b`."""
        self.sum()
        while self.accept(","):
            self.sum()

    def _settings(self) -> None:
        """`maxspan=1m`, `runs=3` behind `with`."""
        while True:
            name = self.take()
            if name.kind != "field":
                raise core.QueryError("expected maxspan or runs", name.start, max(name.end, name.start + 1))
            self.expect("=")
            if self.now.kind not in ("number", "field"):
                raise self.error("expected a number or a time span")
            number = self.take()
            if number.kind == "number" and self.now.kind == "field" and len(self.now.text) <= 2 and not self.sees("by", "as"):
                self.take()
            if not self.accept(","):
                return

    def _pipe(self) -> None:
        """One pipe. `filter` narrows what the query says; the others only shape the output."""
        name = self.take()
        if name.kind != "field":
            raise core.QueryError("expected the name of a pipe", name.start, max(name.end, name.start + 1))
        if name.text.lower() == "filter":
            tree = self.boolean(self.operand)
            if tree is not None and self.parts:
                last = self.parts[-1]
                self.parts[-1] = last._replace(tree=core.conjunction((last.tree, tree)) or last.tree)
            return
        while self.now.kind != "end" and not self.sees("|"):
            if self.now.kind == "op" and not self.sees(",", "-", "(", ")"):
                raise self.error("unexpected sign in a pipe")
            self.take()
