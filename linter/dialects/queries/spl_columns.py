"""Which columns of a Splunk pipeline are fields of the event, under which name, and which were computed on the way."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from linter.dialects.queries.spl_flags import Choice

MAX_COLUMNS = 300  # of a table; the widest public one has 40


class Columns:
    """The columns at one place of a pipeline.

    `closed`: a table (after stats, tstats, …), which has no columns but those known here. Before, every name is a field.
    """

    __slots__ = ("choices", "closed", "computed", "lookups", "raw")

    def __init__(self, closed: bool = False) -> None:
        self.closed = closed
        self.raw: dict[str, str] = {}  # column → the event's field
        self.computed: set[str] = set()
        self.lookups: dict[str, str] = {}  # column → the lookup that made it
        self.choices: dict[str, Choice] = {}  # column → the conditions that it stands for

    def copy(self) -> Columns:
        """An independent copy."""
        other = Columns(self.closed)
        other.raw, other.computed, other.lookups = dict(self.raw), set(self.computed), dict(self.lookups)
        other.choices = dict(self.choices)
        return other

    def resolve(self, name: str) -> tuple[str, bool]:
        """The event's field behind a column and False; or the column itself and True when it is computed."""
        field = self.raw.get(name)
        if field is not None:
            return field, False
        if name in self.computed or "(" in name:  # `avg(x)` is what stats calls a column that got no name
            return name, True
        return name, self.closed

    def compute(self, names: Iterable[str], lookup: str = "") -> None:
        """Marks columns as computed; `lookup` is the lookup that they come from."""
        for name in names:
            self.raw.pop(name, None)
            self.lookups.pop(name, None)
            self.choices.pop(name, None)
            self.computed.add(name)
            if lookup:
                self.lookups[name] = lookup

    def alias(self, new: str, old: str) -> None:
        """A column that repeats another one. One that only loses its data model's prefix keeps the name it is read by."""
        field, derived = self.resolve(old)
        lookup = self.lookups.get(old, "")
        if derived:
            choice = self.choices.get(old)
            self.compute((new,), lookup)
            if choice is not None:
                self.choices[new] = choice
            return
        self.computed.discard(new)
        self.lookups.pop(new, None)
        self.choices.pop(new, None)
        self.raw[new] = new if field.endswith(f".{new}") else field

    def rename(self, old: str, new: str) -> None:
        """`rename old as new`, either with one `*`."""
        if "*" not in old:
            self.alias(new, old)
            self.drop(old)
            return
        before, _, after = old.partition("*")
        left, star, right = new.partition("*")
        if not star or not self.closed:
            return
        for name in [*self.raw, *self.computed]:
            if name.startswith(before) and name.endswith(after) and len(name) >= len(before) + len(after):
                self.rename(name, left + name[len(before) : len(name) - len(after)] + right)

    def drop(self, name: str) -> None:
        """Forgets a column."""
        self.raw.pop(name, None)
        self.computed.discard(name)
        self.lookups.pop(name, None)
        self.choices.pop(name, None)

    def choose(self, name: str, choice: Choice) -> None:
        """A computed column that says which of some conditions held."""
        self.compute((name,))
        self.choices[name] = choice

    def table(self, kept: Iterable[str], computed: Iterable[str]) -> None:
        """Becomes a table: the columns it is grouped by keep their meaning, those aggregated are computed."""
        raw: dict[str, str] = {}
        made: set[str] = set()
        lookups: dict[str, str] = {}
        for name in islice(kept, MAX_COLUMNS):
            field, derived = self.resolve(name)
            if derived:
                made.add(name)
                if name in self.lookups:
                    lookups[name] = self.lookups[name]
            else:
                raw[name] = field
        self.raw, self.computed, self.lookups, self.closed = raw, made, lookups, True
        self.choices = {name: choice for name, choice in self.choices.items() if name in made}
        self.compute(computed)

    def merge(self, other: Columns) -> None:
        """Takes in the columns of a sub-search that was joined or appended."""
        if self.closed:
            for name, field in other.raw.items():
                if name not in self.computed:
                    self.raw.setdefault(name, field)
            for name in other.computed - self.raw.keys():
                self.compute((name,), other.lookups.get(name, ""))
            self.closed = other.closed
