"""The assignments of SPL's `eval`: what each column repeats, or which conditions it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from linter.dialects.queries.core import QueryError
from linter.dialects.queries.spl_eval import EvalParser, Value
from linter.dialects.queries.spl_flags import Choice
from linter.dialects.queries.spl_text import plain
from linter.rule import Node

_ALIKE = ("lower", "upper", "trim", "tostring")
_ALWAYS = ("true()", "true", "1=1", "1==1", "0=0", "0==0")


class Assigned(NamedTuple):
    """A column, the field that it repeats, and the choice that it makes; neither where it computes anything else."""

    name: str
    copied: str | None
    choice: Choice | None


class AssignmentParser(EvalParser):
    """Reads `a=…, b=…`. Of a value only simple copies and choices are read, so that no expression can be refused."""

    def assignments(self) -> Iterator[Assigned]:
        """All of them, in order; each may read the columns that those before it made."""
        while self.now.kind != "end":
            if self.accept(","):
                continue
            if self.now.kind == "macro":
                self.host.macro(self.take())
                continue
            name = self.take()
            while self.now.start == name.end and self.now.kind in ("word", "sign", "number"):  # {field}_x, a-b
                name = name._replace(text=name.text + self.now.text, end=self.take().end)
            if name.kind not in ("word", "string", "field") or self.now.text != "=":
                raise self.error("expected name=expression")
            self.take()
            if self.now.kind in ("end", "comma"):
                raise self.error("expected a value")
            column = name.text[1:-1] if name.kind == "field" else plain(name.text)
            begin = self.at
            while self.now.kind not in ("end", "comma"):
                self.at = self.pairs[self.at] + 1 if self.now.kind == "open" else self.at + 1
            end = self.at
            copied = self.copied(begin, end)
            yield Assigned(column, copied, None if copied else self.choice(begin, end))
            self.at = end

    def copied(self, begin: int, end: int) -> str | None:
        """The field that the tokens in [begin, end) repeat, perhaps in another case; None where they compute."""
        here = self.tokens[begin:end]
        while len(here) >= 4 and here[0].kind == "word" and here[1].kind == "open" and self.pairs.get(begin + 1) == end - 1:
            if here[0].text.lower() not in _ALIKE:
                return None
            begin, end = begin + 2, end - 1
            here = self.tokens[begin:end]
        if len(here) == 1 and here[0].kind in ("word", "field") and not re.match(r"[\d$<]|(?:true|false)$", here[0].text):
            return here[0].text[1:-1] if here[0].kind == "field" else here[0].text
        return None

    def choice(self, begin: int, end: int) -> Choice | None:
        """The choice of `if(condition, "a", "b")` or `case(…)`; None for what is none, or yields more than constants."""
        here = self.tokens[begin:end]
        if len(here) < 4 or here[0].text.lower() not in ("if", "case") or self.pairs.get(begin + 1) != end - 1:
            return None
        if any(token.kind in ("sub", "macro") for token in here):
            return None
        depth, self.at = self.depth, begin + 2
        try:
            made = self.branches(here[0].text.lower() == "if")
        except QueryError:
            made = None
        self.depth = depth
        return made if made is not None and made.bearable() else None

    def branches(self, single: bool) -> Choice | None:
        """The branches up to the closing bracket; `single`: an `if` with its two results."""
        branches: list[tuple[Node, str | None]] = []
        while self.now.kind != "close":
            start = self.at
            condition = self.disjunction()
            always = "".join(token.text for token in self.tokens[start : self.at]).lower() in _ALWAYS
            self.expect(",")
            result = self.constant()
            if result is None or (condition is None and not always):
                return None
            if condition is None:
                return Choice(tuple(branches), result[0]) if branches else None
            branches.append((condition, result[0]))
            if single:
                self.expect(",")
                rest = self.constant()
                return None if rest is None or self.now.kind != "close" else Choice(tuple(branches), rest[0])
            self.accept(",")
        return Choice(tuple(branches), None) if branches else None

    def constant(self) -> tuple[str | None] | None:
        """A constant (None within for `null()`) up to the next comma or bracket; None for anything else."""
        if self.sees("null") and self.ahead().kind == "open" and self.ahead(2).kind == "close":
            self.at += 3
            return (None,)
        value: Value = self.sum()
        return (value.text,) if value.kind == "literal" else None
