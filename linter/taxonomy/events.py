"""Which events a rule reads: classes (`category/product`, `product:service[:event id]`) and concrete (provider, id, title) rows."""

from __future__ import annotations

from typing import NamedTuple

from linter.rule import Event, Node


class Hints(NamedTuple):
    """What a dialect knows of a query's origin, before names are normalised.

    `sources` are what the language itself names, as written: Sigma none; Elastic index patterns and the EQL category
    (`eql:process`); Splunk `datamodel:Endpoint.Processes`, `macro:sysmon`, `data_source:Sysmon EventID 1`; Kusto table names;
    UDM none (its event types are terms of the tree).
    """

    vendor: str
    category: str = ""
    product: str = ""
    service: str = ""
    sources: tuple[str, ...] = ()
    tree: Node | None = None  # of Terms, for event ids, datasets, actions, operating systems
    tags: tuple[str, ...] = ()


def resolve(hints: Hints) -> tuple[Event, ...]:
    """The events of one query, most specific first; () when nothing can be said."""
    if hints.category or hints.service or hints.product:
        cls = f"{hints.category}/{hints.product}" if hints.category else f"{hints.product}:{hints.service}"
        return (Event(cls, "", "", "", False),)
    return ()
