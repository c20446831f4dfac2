"""Points at fields that the event does not have, where it has one of nearly the same name.

## What it does
Looks up every field in the documented fields of the rule's event class (for Kusto: the table's columns). It is reported when
none of the rule's events has it and one has a field that differs in case or in a letter or two.

## Why it matters
A condition on a field that no event has is never true, and its negation always is: the rule is silent, or its filter is
gone, and no converter says a word.

## When to ignore
When your pipeline adds the field under this very name.

## How it is counted
One finding a field. It follows from a table of documented fields, not from other rules. Event classes whose fields are not
documented are left alone, and so are fields that resemble none. Names that differ in case or by one letter are a warning,
others are advice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from linter import logic
from linter.checks.base import CheckInfo, Example, RuleContext
from linter.finding import Finding
from linter.rule import Predicate, Rule
from linter.taxonomy import fields, schemas

CHECK = CheckInfo(
    "unusual-field",
    "a field that the event does not have, beside one that it has",
    "warning",
    dialects=("sigma", "elastic", "kusto"),
)
_TABLE = "Defender-"  # the provider of an event that is a table of its own name


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a field, at its first use."""
    rule = context.rule
    told: set[str] = set()
    for predicate in logic.predicates(rule):
        if predicate.field and not predicate.derived and predicate.field not in told:
            told.add(predicate.field)
            near = _near(rule, predicate)
            if near:
                sure = near.lower() == predicate.field.lower() or _distance(near.lower(), predicate.field.lower()) == 1
                yield context.finding(
                    _place(context, predicate),
                    f"`{predicate.field}` is not a field of {_events(rule)}; `{near}` is.",
                    subject=(predicate.field,),
                    severity=None if sure else "advice",
                    confidence="high" if sure else "medium",
                )


def _place(context: RuleContext, predicate: Predicate) -> tuple[int, int]:
    """The field's name where it stands on the value's line or the few above it, else the value."""
    start = context.source.text.rfind(predicate.field, max(0, predicate.start - 2000), predicate.end)
    if start < 0:
        return predicate.start, predicate.end
    return start, start + len(predicate.field)


def _events(rule: Rule) -> str:
    tables = _tables(rule)
    if tables:
        return " or ".join(f"the table `{table}`" for table in tables)
    return " or ".join(f"`{cls}` events" for cls in rule.classes)


def _near(rule: Rule, predicate: Predicate) -> str:
    """The field that is probably meant; "" when the field is known or resembles none."""
    if rule.dialect == "kusto":
        tables = _tables(rule)
        known = frozenset().union(*(schemas.columns(table) or frozenset() for table in tables))
        if len(rule.trees) > 1 or not tables or not known or predicate.field in known or not predicate.field.isidentifier():
            return ""
        return _closest(predicate.field, known)
    if not rule.classes or not _lack(rule.classes, predicate.canonical):
        return ""
    return _closest(predicate.field, _names(rule.dialect, rule.classes, rule))


@lru_cache(maxsize=4096)
def _lack(classes: tuple[str, ...], field: str) -> bool:
    """Whether none of some event classes has a canonical field."""
    return all(schemas.has(cls, field) is False for cls in classes)


def _tables(rule: Rule) -> tuple[str, ...]:
    found = dict.fromkeys(event.provider for event in rule.events)
    if rule.dialect != "kusto" or not all(name.startswith(_TABLE) for name in found):
        return ()
    return tuple(name.removeprefix(_TABLE) for name in found)


def _names(vendor: str, classes: tuple[str, ...], rule: Rule) -> frozenset[str]:
    """The fields of some event classes as a vendor calls them."""
    words = fields.scopes(rule.events, ())
    canonical = frozenset().union(*(found.fields for cls in classes if (found := schemas.schema(cls)) is not None))
    if vendor == "sigma":
        return canonical
    return frozenset(name for one in canonical for name in fields.natives(vendor, one, words))


def _closest(field: str, known: frozenset[str]) -> str:
    """The known name that differs in case, or by two letters at most in one part of it; "" when there is none."""
    low = field.lower()
    best: tuple[int, str] | None = None
    for name in sorted(known):
        other = name.lower()
        if other == low:
            return name if name != field else ""
        if abs(len(other) - len(low)) > 2:
            continue
        pieces = [pair for pair in zip(low.split("."), other.split("."), strict=False) if pair[0] != pair[1]]
        if len(pieces) != 1 or low.count(".") != other.count("."):
            continue
        mine, theirs = pieces[0]
        if min(len(mine), len(theirs)) < 6 or _digits(mine) != _digits(theirs):
            continue
        steps = _distance(mine, theirs)
        if steps <= (2 if min(len(mine), len(theirs)) > 9 else 1) and (best is None or steps < best[0]):
            best = steps, name
    return best[1] if best else ""


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _distance(left: str, right: str) -> int:
    """The number of letters to add, drop, change or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for at, char in enumerate(left, 1):
        last, row, older = row, [at], before
        for to, other in enumerate(right, 1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (char != other))
            if at > 1 and to > 1 and char == right[to - 2] and left[at - 2] == other:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]


_RULE = """\
title: Registry editor imports a file {number}
id: 7c6a0a9b-2a55-4f0a-9b1e-5d0e8c7b00{number}
tags: [attack.t1112]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: '\\regedit.exe'
    {field}|contains: ' /s '
  condition: selection
level: medium
"""
_KUSTO = """\
id: 7c6a0a9b-2a55-4f0a-9b1e-5d0e8c7c00{number}
name: Registry editor imports a file {number}
relevantTechniques: [T1112]
query: |
  DeviceProcessEvents
  | where {field} =~ "regedit.exe"
"""
VALID = (
    Example("A field of the event", _RULE.format(number="01", field="CommandLine")),
    Example("A field that resembles none", _RULE.format(number="02", field="EnrichedBy")),
    Example("Kusto: a column of the table", _KUSTO.format(number="01", field="FileName"), dialect="kusto"),
)
INVALID = (
    Example("Two letters changed places", _RULE.format(number="03", field="ComandLine"), "`CommandLine` is", 8),
    Example("Case counts", _RULE.format(number="04", field="commandline"), "`CommandLine` is", 8),
    Example("Kusto: no such column", _KUSTO.format(number="02", field="FileNmae"), "`FileName` is", 6, "kusto"),
)
