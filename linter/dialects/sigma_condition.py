"""Sigma's condition language: `selection and not 1 of filter_*` → a tree over the named selections.

Equal to pySigma's grammar, and a little wider: operators in any case, `-` in patterns, the part before an aggregation pipe.
What is wider is told as a fault, because converters refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from linter.dialects.queries import core
from linter.dialects.queries.core import QueryError, Token
from linter.rule import And, Fault, Node, Or

MAX_EXPANDED = 50_000  # comparisons of a condition with its selections put in; the largest public rule has some 3,500
MAX_CHARS = 50_000
_WORDS = frozenset(("and", "or", "not", "of", "1", "any", "all", "them"))
_OPERATORS = frozenset(("and", "or", "not"))
_TOKEN = re.compile(r"([A-Za-z0-9_*-]+)|([()])|[ \t\r\n]+")


class Condition(NamedTuple):
    """A condition's tree, the selections it uses, in order, and what is to be said of it."""

    tree: Node
    used: dict[str, None]
    notices: tuple[Fault, ...]  # offsets in the condition


def parse(text: str, trees: Mapping[str, Node], sizes: Mapping[str, int]) -> Condition:
    """The tree of a condition. `trees` are the selections by name, `sizes` their numbers of comparisons.

    QueryError, with offsets in the text, when it is no condition or names what is not there.
    """
    if len(text) > MAX_CHARS:
        raise QueryError(f"the condition has more than {MAX_CHARS:,} characters", 0)
    notices: list[Fault] = []
    used: dict[str, None] = {}
    body, pipe, rest = text.partition("|")
    if pipe:
        notices.append(
            Fault(
                "condition-pipe", "the aggregation behind `|` is not read: Sigma has correlations for it", len(body), len(text)
            )
        )
    if name := trees.get(body.strip()):  # a bare name
        tree: Node | None = name
        used[body.strip()] = None
    else:
        cursor = _Cursor(_tokens(body, trees, notices), trees, sizes, used)
        tree = cursor.boolean(cursor.operand)
        if cursor.now.kind != "end":
            raise cursor.error("expected and, or")
    for word in re.findall(r"[A-Za-z0-9_-]+", rest) if pipe else ():  # `| near selection2`
        if word in trees:
            used[word] = None
    if tree is None:
        raise QueryError("the condition is empty", 0, max(len(text), 1))
    return Condition(tree, used, tuple(notices))


def _tokens(text: str, trees: Mapping[str, Node], notices: list[Fault]) -> list[Token]:
    """Words and parentheses. A word that names a selection, though it looks like AND or OR, is of kind "string"."""
    out: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise QueryError(f"unexpected character {text[at]!r} in the condition", at)
        word = found.group(1)
        if word is not None:
            low = word.lower()
            named = word not in _WORDS and word in trees
            if low in _WORDS and low != word and not named:
                notices.append(
                    Fault("condition-case", f"`{word}` is written `{low}`: converters know the operator in lower case only",
                           at, found.end())
                )  # fmt: skip
            out.append(Token("string" if named else "word", word, at, found.end()))
        elif found.group(2):
            out.append(Token("sign", found.group(), at, found.end()))
        at = found.end()
    out.append(Token("end", "", len(text), len(text)))
    return out


class _Cursor(core.Cursor):
    """A condition being read."""

    def __init__(self, tokens: list[Token], trees: Mapping[str, Node], sizes: Mapping[str, int], used: dict[str, None]) -> None:
        super().__init__(tokens)
        self.trees = trees
        self.sizes = sizes
        self.used = used
        self.expanded = 0
        self.matched: dict[str, tuple[str, ...]] = {}

    def operand(self) -> Node | None:
        """A group, `1 of pattern`, or a name."""
        token = self.now
        if token.text == "(" and token.kind == "sign":
            self.enter()
            self.take()
            node = self.boolean(self.operand)
            if not self.accept(")"):
                raise self.error("a parenthesis is left open")
            self.leave()
            return node
        if token.kind == "end" or token.kind == "sign":
            raise self.error("expected the name of a selection")
        after = self.ahead()
        if after.kind == "word" and after.text.lower() == "of" and token.kind == "word" and self.ahead(2).kind != "end":
            return self.quantified()
        if token.kind == "word" and token.text.lower() in _OPERATORS and token.text not in self.trees:
            raise self.error("expected the name of a selection")
        self.take()
        if token.text not in self.trees:
            if "*" in token.text:
                raise QueryError(f"`{token.text}` needs `1 of` or `all of` before it", token.start, token.end)
            raise QueryError(f"the condition names `{token.text[:80]}`, no selection of this rule", token.start, token.end)
        return self.use(token.text, token)

    def quantified(self) -> Node:
        """`1 of them`, `all of selection_*`."""
        quantifier, _, pattern = self.take(), self.take(), self.take()
        low = quantifier.text.lower()
        if low not in ("1", "any", "all"):
            raise QueryError(
                f"`{quantifier.text[:80]} of`: only 1, any and all may stand before `of`", quantifier.start, quantifier.end
            )
        if pattern.kind == "sign":
            raise QueryError("expected a pattern or `them` behind `of`", pattern.start, pattern.end)
        names = self.matched.get(pattern.text)
        if names is None:
            matches = _matcher(pattern.text)
            names = self.matched[pattern.text] = tuple(name for name in self.trees if matches(name))
        if not names:
            raise QueryError(f"`{low} of {pattern.text[:80]}` matches no selection of this rule", quantifier.start, pattern.end)
        items = tuple(self.use(name, pattern) for name in names)
        if len(items) == 1:
            return items[0]
        return And(items) if low == "all" else Or(items)

    def use(self, name: str, token: Token) -> Node:
        """A selection's tree; QueryError when the condition has grown past all bounds."""
        self.used[name] = None
        self.expanded += self.sizes.get(name, 1)
        if self.expanded > MAX_EXPANDED:
            raise QueryError(f"the condition expands to more than {MAX_EXPANDED:,} comparisons", token.start, token.end)
        return self.trees[name]


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name matches a pattern. Names that start with `_` are matched by such patterns only, as in pySigma."""
    hidden = pattern.startswith("_")
    if pattern.lower() == "them":
        return lambda name: not name.startswith("_")
    first, *others = pattern.split("*")

    def matches(name: str) -> bool:
        if name.startswith("_") and not hidden:
            return False
        if not others:
            return name == first
        if not name.startswith(first):
            return False
        at = len(first)
        for part in others[:-1]:
            at = name.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return name.endswith(others[-1]) and len(name) - len(others[-1]) >= at

    return matches
