"""Kusto Query Language (Microsoft Sentinel, Defender XDR, Azure Monitor): text → condition trees, one a table or sub-query.

What is kept, and how:

* `has` is op `token`, `hasprefix`/`hassuffix` are `contains`; `=~` is an uncased eq, `==` a cased one; `matches regex` is `re`;
  `isempty`, `isnull`, `== ""` are `null`, their opposites `exists`; the IP functions are `cidr` (an address test) or `token`.
* A comparison is raw when one side is a column of a table, perhaps wrapped (`tolower(x)`, `tostring(x)`, `trim(…)`,
  `parse_json(x).a`), and the other is constants, let bindings put in. `extend y = tostring(x)` makes `y` another name of `x`.
  Anything else (a count, a time window from `ago()`, a column against a column) is kept as `derived`.
* A flag (`extend bad = x has "a"`, `iff(c, 1, 0)`) that `where` tests stands for its condition.
* What filters nothing is not kept: conditions within aggregates (`countif`), within `extend` where no `where` tests the result,
  and within lets that the result does not depend on. A condition that a let or function holds counts once, however often used.
* `sources` are table and function names as written (`DeviceProcessEvents`, `Device*`, `_Im_Dns`); none for rows that are no
  events (`datatable`, `externaldata`, watchlists), whose columns are computed.
* A Term's span is its comparison; the literal in a list; the name where a let-bound list is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linter.dialects.queries.core import Part, Query, conjunction
from linter.dialects.queries.kql_pipe import syntax
from linter.dialects.queries.kql_read import Reader
from linter.dialects.queries.kql_scope import Relation
from linter.rule import And, Node


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
    parts: dict[tuple[Node, ...], tuple[int, list[str], Chain]] = {}
    bare: list[Relation] = []
    covered: set[str] = set()
    for relation, nodes in _reached(roots):
        if not nodes:
            bare.append(relation)
            continue
        covered.update(relation.sources)
        # a function called for several tables: one tree that reads them all
        _, sources, _ = parts.setdefault(tuple(nodes), (relation.start, [], Chain(*relation.chain)))
        sources.extend(source for source in relation.sources if source not in sources)
    out = [
        (start, Part(tree, tuple(sources)), chain)
        for nodes, (start, sources, chain) in parts.items()
        if (tree := conjunction(nodes)) is not None
    ]
    for relation in bare:  # a table that is read without a condition is an event all the same
        if relation.sources and not covered.issuperset(relation.sources):
            out.append((relation.start, Part(And(()), tuple(relation.sources)), Chain(*relation.chain)))
            covered.update(relation.sources)
    for relation in roots:
        if relation.listed:
            reader.consult(relation.listed, False, relation.start, relation.start + 1)
    out.sort(key=lambda found: found[0])
    return Reading(Query(tuple(part for _, part, _ in out), tuple(reader.lists.values())), tuple(chain for _, _, chain in out))


def _reached(roots: list[Relation]) -> Iterator[tuple[Relation, list[Node]]]:
    """The relations that the result depends on, with their conditions and those of what they continue, each condition once."""
    seen: set[int] = set()
    stack = list(reversed(roots))
    while stack:
        relation = stack.pop()
        links: list[Relation] = []
        at: Relation | None = relation
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            links.append(at)
            at = at.base
        if not links:
            continue
        yield relation, [node for link in reversed(links) for node in link.nodes]
        for link in links:
            stack.extend(reversed(link.children))


def parse(text: str) -> Query:
    """The condition trees of a query, one a table or sub-query, and the lists it consults. QueryError when it is none."""
    return read(text).query
