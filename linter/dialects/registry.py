"""The dialects, by name, in the order in which `auto` asks them; each is imported when it is first needed.

A dialect is a module with two functions:

    recognises(source: Source) -> bool      by content alone, cheap (a few substring tests before any parsing)
    read(source: Source) -> Reading         rules and problems; never raises on any text
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from linter.rule import Problem, Reading
from linter.source import Source

if TYPE_CHECKING:
    from linter.taxonomy.fields import Row

MAX_RULES = 500  # in one file
MAX_EXPORTED = 1_500  # in an export, which may hold all rules of a Kibana space
NAMES = ("sigma", "elastic", "splunk", "kusto", "yaral")


class Dialect(Protocol):
    """What a dialect module offers."""

    def recognises(self, source: Source) -> bool:
        """Whether the text is a rule (or a document that holds rules) of this dialect."""

    def read(self, source: Source) -> Reading:
        """The rules of the text, and what kept others from being read."""


def read(name: str, source: Source, rows: tuple[Row, ...] = ()) -> Reading:
    """The rules of a text in a dialect, with a user's own rows of field names. KeyError when there is no such dialect."""
    from linter.taxonomy import fields

    fields.use(rows)
    reading = dialect(name).read(source)
    most = MAX_EXPORTED if source.path.lower().endswith(".ndjson") else MAX_RULES
    if len(reading.rules) <= most:
        return reading
    first = reading.rules[most]
    problem = Problem(f"more than {most:,} rules in one file; those from here on are not read", first.start, first.end)
    return Reading(reading.rules[:most], (*reading.problems[:most], problem))


@lru_cache(maxsize=8)
def dialect(name: str) -> Dialect:
    """The dialect module of a name. KeyError when there is none."""
    if name not in NAMES:
        raise KeyError(name)
    return cast(Dialect, import_module(f"linter.dialects.{name}"))
