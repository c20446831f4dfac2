"""Other names of a field: what a rule calls it depends on the table or data model that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from linter.rule import Rule
from linter.taxonomy import fields


def same_meaning(rule: Rule, field: str, sources: tuple[str, ...] = ()) -> Iterator[str]:
    """The vendor's other fields that hold the same thing in the same form (a whole path, not a name), likeliest first.

    `sources` are the tables that are read where the field is to stand.
    """
    scope = fields.scopes(rule.events, sources)
    meaning = fields.lookup(rule.dialect, field, scope)
    for other in fields.natives(rule.dialect, meaning.canonical, scope):
        same = fields.lookup(rule.dialect, other, scope)
        if other != field and (same.canonical, same.part) == (meaning.canonical, meaning.part):
            yield other
