"""Points at rules that say what a public rule says already.

## What it does
Looks in the catalog for a rule of another id that asks for exactly the same indicators and excludes exactly the same, on the
same events and platforms, and that this one's `related` does not name.

## Why it matters
Two rules for one thing are two alerts for one event, and two places to tune. Where the other one is maintained elsewhere,
taking it over (or naming it as related) keeps the tuning of both.

## When to ignore
When the rule was written before, or is meant as a variant with another level for another audience: name the other one under
`related`.

## How it is counted
At most one finding a rule. What is compared are canonical fields, operators and values, case set aside. Rules with computed
columns or own lists are left out, because the catalog does not keep those. The rule itself, by id or by its place in its
repository, is no duplicate. The regular persona hears of Sigma rules that repeat a Sigma rule, the pedantic one of other
languages too: there a public rule may count or remember behind the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.catalog.model import CatalogRule
from linter.checks.base import CheckInfo, Example, RuleContext
from linter.checks.said import quoted
from linter.checks.twins import date, like, own
from linter.finding import Evidence, Finding

CHECK = CheckInfo("duplicate-rule", "a rule that says what a public rule says already", "advice")
KINDS = ("rule", "building_block")
_COMPUTING = ("splunk", "kusto")  # languages whose rules go on computing behind the conditions
_STATEFUL = {"elastic": ('"threshold"', '"new_terms"', "stats "), "yaral": ("match:",)}


def check(context: RuleContext) -> Iterator[Finding]:
    """At most one finding: the likeliest of the duplicates."""
    rule = context.rule
    if rule.kind not in KINDS or len(rule.trees) != 1 or not own(context).plain or rule.dialect in _COMPUTING:
        return
    named = {other.id for other in rule.related}
    found = [
        other
        for other in like(context, same_exclusions=True)
        if other.id not in named
        and rule.id not in other.related
        and other.vendor not in _COMPUTING
        and not other.lists
        and (not rule.platforms or not other.platforms or set(rule.platforms) & set(other.platforms))
    ]
    found.sort(key=lambda other: (other.vendor != rule.vendor, other.handle))
    if found and not _goes_on(context):
        yield _finding(context, found)


def _finding(context: RuleContext, found: list[CatalogRule]) -> Finding:
    mine, first = own(context), found[0]
    count = len(mine.told)
    what = f"exactly the same ({count} indicator{'s' if count > 1 else ''}"
    what += f", {len(mine.excluded)} exclusion{'s' if len(mine.excluded) > 1 else ''})" if mine.excluded else ")"
    when = date(context.catalog, first)
    which = ", ".join(word for word in (first.id or first.path, when) if word)
    tail = ", and `related` does not name it" if context.rule.dialect == "sigma" else ""
    more = f" So {'does' if len(found) == 2 else 'do'} {len(found) - 1} more." if len(found) > 1 else ""
    origin = f"`{first.layer}` catalog's" if first.layer else "public"
    regular = first.vendor == context.rule.vendor == "sigma"
    return context.finding(
        (context.rule.start, context.rule.end),
        f"The {origin} {first.vendor} rule {quoted(first.title)} ({which}) looks for {what} on the same events{tail}.{more}",
        subject=(first.vendor, first.id or first.path),
        evidence=Evidence(len(found), None, None, None, tuple(other.ref for other in found[:8])),
        persona="regular" if regular else "auditor",
    )


def _goes_on(context: RuleContext) -> bool:
    """Whether the rule counts or remembers behind its conditions, of which the catalog keeps nothing."""
    return any(word in context.source.text for word in _STATEFUL.get(context.rule.dialect, ()))


_RULE = """\
title: Trail switched off {number}
id: 5a7b7a36-2f5c-4c55-9a3e-9d1b2f3c00{number}
tags: [attack.t1685]
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: [StopLogging, UpdateTrail, DeleteTrail]
{more}  condition: selection
level: medium
"""
VALID = (
    Example("It asks for more", _RULE.format(number="01", more="    userAgent|contains: 'example-tool'\n"), persona="pedantic"),
)
INVALID = (Example("A public rule in other words", _RULE.format(number="02", more=""), "looks for exactly the same", 1),)
