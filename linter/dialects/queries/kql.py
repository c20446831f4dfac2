"""Kusto Query Language (Microsoft Sentinel, Defender XDR, Azure Monitor): text → condition trees, one a table or sub-query.

What is kept, and how:

* `has` is op `token`, `hasprefix`/`hassuffix` are `contains`; `=~` is an uncased eq, `==` a cased one; `matches regex` is `re`;
  `isempty`, `isnull`, `== ""` are `null`, their opposites `exists`; the IP functions are `cidr` (an address test) or `token`.
* A comparison is raw when one side is a column of a table, perhaps wrapped (`tolower(x)`, `tostring(x)`, `trim(…)`,
  `parse_json(x).a`), and the other is constants, let bindings put in. `extend y = tostring(x)` makes `y` another name of `x`.
  Anything else (a count, a time window from `ago()`, a column against a column) is kept as `derived`.
* A flag (`extend bad = x has "a"`, `iff(c, 1, 0)`) that `where` tests stands for its condition.
* A Term's span is its comparison; the literal in a list; the name where a let-bound list is used.
"""

from __future__ import annotations

from typing import NamedTuple

from linter.dialects.queries.core import Part, Query, conjunction
from linter.dialects.queries.kql_pipe import syntax
from linter.dialects.queries.kql_read import Reader
from linter.dialects.queries.kql_scope import Relation
from linter.rule import And


class Chain(NamedTuple):
    """Where a condition can be added to a part: behind [start, end), its last `where` before columns change, or its source."""

    start: int
    end: int


class Reading(NamedTuple):
    """A query and, for each part, the place for one more condition."""

    query: Query
    chains: tuple[Chain, ...]


def read(text: str) -> Reading:
    """The parts of a query with their places. QueryError where it can't be read."""
    body = syntax(text)
    reader = Reader(text)
    roots = reader.body(body)
    found: dict[int, Relation] = {}
    stack = list(reversed(roots))
    while stack:
        relation = stack.pop()
        if id(relation) not in found:
            found[id(relation)] = relation
            stack.extend(reversed(relation.children))
    parts: list[tuple[Part, Chain]] = []
    covered: set[str] = set()
    for relation in found.values():
        tree = conjunction(relation.nodes)
        if tree is not None:
            parts.append((Part(tree, tuple(relation.sources)), Chain(*relation.chain)))
            covered.update(relation.sources)
    for relation in found.values():  # a table that is read without a condition is an event all the same
        if not relation.nodes and relation.sources and not covered.issuperset(relation.sources):
            parts.append((Part(And(()), tuple(relation.sources)), Chain(*relation.chain)))
            covered.update(relation.sources)
    for relation in roots:
        if relation.listed:
            reader.consult(relation.listed, False, relation.start, relation.start + 1)
    parts.sort(key=lambda pair: pair[1].start)
    return Reading(Query(tuple(part for part, _ in parts), tuple(reader.lists.values())), tuple(chain for _, chain in parts))


def parse(text: str) -> Query:
    """The condition trees of a query, one a table or sub-query, and the lists it consults. QueryError when it is none."""
    return read(text).query
