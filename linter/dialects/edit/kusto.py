"""Kusto: one more `| where not(…)` line behind the last one before the columns change."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from linter.dialects.edit import container, names, yaml_tags
from linter.dialects.edit.base import Refused, parts
from linter.dialects.edit.container import Container
from linter.finding import AddExclusion, AddTag, AnchorExclusion, Fix, Intent
from linter.rule import Predicate, Rule, leaves
from linter.source import Source
from linter.taxonomy import schemas

_OPS = {
    "contains": "contains", "startswith": "startswith", "endswith": "endswith", "re": "matches regex", "token": "has",
    "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
}  # fmt: skip
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?")


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits of an intent. Refused where it can't be carried out."""
    if isinstance(intent, AddExclusion):
        return add_exclusion(source, rule, intent)
    if isinstance(intent, AddTag):
        return yaml_tags.add(source, rule, intent, ("relevantTechniques",))
    if isinstance(intent, AnchorExclusion):
        return Fix("display", f"write {condition('', intent.op, intent.value).strip()} there", ())
    raise Refused("Kusto knows no such fix")


def text(intent: AddExclusion) -> str:
    """The exclusion as a line of a query."""
    try:
        return f"`| where not({_conditions(intent)})`"
    except Refused:
        return ""


def _conditions(intent: AddExclusion) -> str:
    return " and ".join(condition(*part) for part in parts(intent))


def condition(field: str, op: str, value: str) -> str:
    """A comparison in Kusto. Refused when the language has no way to write it."""
    if op == "null":
        return f"isempty({field})"
    if op == "cidr":
        return f"{'ipv6_is_in_range' if ':' in value else 'ipv4_is_in_range'}({field}, {_quoted(value)})"
    if op == "eq":
        if value in ("true", "false") or (_NUMBER.fullmatch(value) and len(value) < 9):
            return f"{field} == {value}"
        return f"{field} =~ {_quoted(value)}"
    sign = _OPS.get(op)
    if sign is None:
        raise Refused(f"Kusto has no way to write `{field}` {op}")
    if op in ("gt", "gte", "lt", "lte"):
        if not _NUMBER.fullmatch(value):
            raise Refused(f"`{value[:40]}` is no number to compare with")
        return f"{field} {sign} {value}"
    return f"{field} {sign} {_quoted(value)}"


def _quoted(value: str) -> str:
    """A text in double quotes, verbatim (`@"…"`) where it holds a backslash."""
    if any(not char.isprintable() for char in value):
        raise Refused("the value holds characters that can't be typed")
    if "\\" in value:
        return '@"' + value.replace('"', '""') + '"'
    return '"' + value.replace('"', '\\"') + '"'


def add_exclusion(source: Source, rule: Rule, intent: AddExclusion) -> Fix:
    """The line, where one place is known. Refused when the query reads several tables that it could belong to."""
    here = container.of(source, rule)
    start, end, intent = _place(here, rule, intent)
    query = here.query.text
    opening, at = here.inner(start), here.inner(end)
    extra = f"| where not({_conditions(intent)})"
    line_start = query.rfind("\n", 0, opening) + 1
    before = query[line_start:opening]
    if before.strip() in ("|", "") and (before.strip() or query[opening : opening + 1] == "|"):
        indent = before[: len(before) - len(before.lstrip(" \t"))]
    else:
        after = re.search(r"\n([ \t]*)\|", query[line_start:])
        same = query.find("|", opening, at) >= 0 or query[line_start:at].count("|") > 0
        if after is None or (same and "\n" not in query[line_start:at]):
            return Fix("unsafe", f"exclude {_conditions(intent)}", (here.put(at, f" {extra}"),))
        indent = after[1]
    edit = here.put(at, f"\n{indent}{extra}")
    return Fix("unsafe", f"exclude {_conditions(intent)}", (edit,))


class _Place(NamedTuple):
    """Where the line goes, and the exclusion with its columns called as they are there."""

    start: int
    end: int
    intent: AddExclusion


def _place(here: Container, rule: Rule, intent: AddExclusion) -> _Place:
    """The place of the tree that the fields belong to: the one that reads them, else the one whose table has them."""
    places = {int(name[6:]): (start, end) for name, start, end in rule.anchors if name.startswith("where:")}
    if not places:
        raise Refused("the place for a condition is not known")
    read = [
        {leaf.field.lower() for leaf in leaves(tree) if isinstance(leaf, Predicate) and not leaf.derived} for tree in rule.trees
    ]
    tables = _tables(here, rule)
    called = [_called(rule, intent, known, sources) for known, sources in zip(read, tables, strict=True)]
    wanted = {field.lower() for field, _, _ in parts(intent)}
    having = [number for number, known in enumerate(read) if wanted & known and called[number] is not None]
    if len(having) != 1:
        having = [number for number, found in enumerate(called) if found is not None]
    if not having:
        raise Refused(f"no table of the query has the column `{intent.field}`")
    if len({(places.get(number), called[number]) for number in having}) > 1:
        raise Refused("the query reads several tables: which one is meant is not known")
    found = called[having[0]]
    if having[0] not in places or found is None:
        raise Refused("the place for a condition is not known")
    return _Place(*places[having[0]], found)


def _tables(here: Container, rule: Rule) -> list[tuple[str, ...]]:
    """What each tree of a rule reads; nothing is known of it where the file is several queries."""
    from linter.dialects.queries import kql
    from linter.dialects.queries.core import QueryError

    try:
        found = [part.sources for part in kql.read(here.query.text).query.parts]
    except QueryError:
        found = []
    return found if len(found) == len(rule.trees) else [()] * len(rule.trees)


def _columns(tables: Sequence[str]) -> frozenset[str] | None:
    """The columns of some tables; None when not all of them are known."""
    known = [schemas.columns(table) for table in tables]
    if not known or None in known:
        return None
    return frozenset(name for columns in known for name in columns or ())


def _called(rule: Rule, intent: AddExclusion, read: Collection[str], tables: tuple[str, ...]) -> AddExclusion | None:
    """The exclusion with columns that the tables have; None when there is no such column."""
    columns = _columns(tables)
    if columns is None:
        return intent

    def named(part: tuple[str, str, str]) -> tuple[str, str, str] | None:
        field, op, value = part
        if field.lower() in read or re.split(r"[.\[]", field)[0] in columns:
            return part
        other = next((name for name in names.same_meaning(rule, field, tables) if name in columns), None)
        return None if other is None else (other, op, value)

    found = [named(part) for part in parts(intent)]
    whole = [part for part in found if part is not None]
    return AddExclusion(*whole[0], tuple(whole[1:])) if len(whole) == len(found) else None
