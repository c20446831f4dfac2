"""Which events a rule reads: classes and concrete (provider, id, title) rows.

Classes are `category/product` (`process_creation/windows`; `proxy/any` where no product is named) or
`product:service[:event id]` (`windows:security:5145`, `aws:cloudtrail`). What Sigma has a category for is classed so however it
is spelled: Sysmon 1, Security 4688, `process where`, DeviceProcessEvents and PROCESS_LAUNCH are all `process_creation/windows`.
Other Windows events are classed by id; a rule that names no id has its service's class (`windows:security`), which is also
the `parent` of its events' classes. Cloud logs are one class a service; the operation is the row's id and title.

Each vendor's order of resolution is in its own room, imported when it is first asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple, cast

from linter.rule import Event, Node

_ROOMS = {"sigma": "sigma", "elastic": "elastic", "splunk": "splunk", "kusto": "kusto", "yaral": "udm"}


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
    """The events of one query, most specific first, each once; () when nothing can be said."""
    if hints.vendor not in _ROOMS:
        return ()
    return tuple(dict.fromkeys(_room(hints.vendor)(hints)))


@lru_cache(maxsize=8)
def _room(vendor: str) -> Callable[[Hints], Iterable[Event]]:
    """How a vendor's events are told."""
    module = import_module(f"linter.taxonomy.event_rooms.{_ROOMS[vendor]}")
    return cast("Callable[[Hints], Iterable[Event]]", module.resolve)


def parent(cls: str) -> str:
    """The wider class of an event class: its service's for one with an event id; "" for the others."""
    return cls.rpartition(":")[0] if cls.count(":") == 2 else ""
