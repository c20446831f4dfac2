"""Points at what the public version of a rule has and this copy lacks.

## What it does
Looks for the rule in the catalog: by its id, by the ids of the rules that it was derived from, and by what it looks for.
Where that public rule excludes something that this one does not, or looks for something that this one does not, it says
what, with the date of the snapshot and the link.

## Why it matters
Copies age. The public rule goes on being tuned by everybody who runs it; the copy fires on what has been filtered upstream
for a year.

## When to ignore
When the copy was changed on purpose. Ignore the check for such a rule, or give it an id of its own and name the original as
`derived`.

## How it is counted
One finding for exclusions and one for indicators, against the nearest public rule. What is compared are canonical fields,
operators and values: formatting, order and case are no difference, and neither is what a wider exclusion of this rule
covers. This is the one check in which copies testify. The regular persona hears of the rule with the same id, the pedantic
one of related and equal ones too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from linter.catalog.model import CatalogRule, telling
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.said import quoted
from linter.checks.twins import Own, date, is_current, itself, like, own
from linter.finding import Evidence, Finding, Persona
from linter.rule import Indicator

if TYPE_CHECKING:
    from linter.catalog.wording import Wording

CHECK = CheckInfo("upstream-drift", "a public version of this rule has what this copy lacks", "advice")
KINDS = ("rule", "building_block", "base")
DERIVED = ("derived", "renamed", "obsolete", "merged")
_FRAME = ("event.", "host.os.", "data_stream.")  # which logs are read: one more is no other detection
_PATTERNS = ("like", "re")
_OPS = {
    "eq": "=",
    "startswith": "starting with",
    "endswith": "ending in",
    "contains": "containing",
    "re": "matching",
    "null": "absent",
}


def check(context: RuleContext) -> Iterator[Finding]:
    """At most two findings, against the nearest public rule."""
    rule = context.rule
    if rule.kind not in KINDS or not rule.trees:
        return
    if is_current(context):
        return
    found = _nearest(context)
    if found is None:
        return
    upstream, persona, how = found
    mine = own(context)
    excluded = _exclusions(mine, upstream)
    if excluded:
        yield _finding(context, upstream, persona, how, "excludes", excluded)
    sought = _indicators(mine, upstream) if persona == "regular" else []
    if sought:
        yield _finding(context, upstream, persona, how, "looks for", sought)


def _nearest(context: RuleContext) -> tuple[CatalogRule, Persona, str] | None:
    """The public rule to hold this one against, who hears of it, and how it is one."""
    rule, catalog = context.rule, context.catalog
    mine = own(context)
    same = [other for other in catalog.rules(itself(context)) if other.vendor == rule.vendor]
    if len(same) == 1:
        return same[0], "regular", "of the same id"
    if same:  # ids repeat: the nearest of them
        return max(same, key=lambda other: (_likeness(mine, other), other.handle)), "regular", "of the same id"
    if not context.options.hears("pedantic"):
        return None
    for related in rule.related:
        for other in catalog.rules(catalog.by_id(related.id)) if related.kind in DERIVED else ():
            if other.vendor == rule.vendor and _likeness(mine, other) >= 0.9:
                return other, "pedantic", f"that this one names as {related.kind}"
    for other in like(context):
        if other.vendor == rule.vendor:
            return other, "pedantic", "that looks for the same"
    return None


def _likeness(mine: Own, other: CatalogRule) -> float:
    """The share of indicators that two rules have in common."""
    theirs = frozenset(other.indicators)
    return len(mine.indicators & theirs) / max(1, len(mine.indicators | theirs))


def _exclusions(mine: Own, upstream: CatalogRule) -> list[Indicator]:
    """What a public rule excludes by itself and this one neither does nor covers nor looks for no more."""
    new = [leaf.indicator for leaf in upstream.excluded if leaf.kind != "list" and leaf.indicator not in mine.excluded]
    if not new:
        return []
    from linter.catalog.feasible import WITHIN, forms, relation

    patterns = {_bare(known) for known in mine.excluded if known.op in _PATTERNS}
    return [
        one
        for one in new
        if one.op != "exists"
        and _bare(one) not in patterns
        and not any(relation(form, known) == WITHIN for form in forms(one) for known in mine.alone)
    ]


def _indicators(mine: Own, upstream: CatalogRule) -> list[Indicator]:
    """What a public rule looks for and this one does not."""
    if mine.indicators.issuperset(upstream.indicators):
        return []
    new = telling(upstream.indicators) - mine.indicators - upstream.secondary - upstream.assumed
    patterns = {_bare(known) for known in mine.indicators if known.op in _PATTERNS}
    return sorted(one for one in new if not one.field.startswith(_FRAME) and _bare(one) not in patterns)


def _bare(one: Indicator) -> tuple[str, str]:
    """A pattern without its signs: how backslashes and wildcards are written is no difference."""
    return one.field, "".join(char for char in one.value if char.isalnum()) if one.op in _PATTERNS else f"\0{one.value}"


def _finding(
    context: RuleContext, upstream: CatalogRule, persona: Persona, how: str, verb: str, missing: Sequence[Indicator]
) -> Finding:
    from linter.catalog.wording import Wording

    words = Wording(context.rule, context.catalog)
    when = date(context.catalog, upstream)
    named = f"{quoted(upstream.title)}, as of {when}" if when else quoted(upstream.title)
    link = f" ({upstream.url})" if upstream.url else ""
    first = missing[0]
    return context.finding(
        context.rule.anchor("condition") if verb == "excludes" else (context.rule.start, context.rule.end),
        f"The public rule {how}, {named}, {verb} {listed(_said(one, words) for one in missing)}; this one does not.{link}",
        subject=(verb, first.field, first.op, first.value),
        evidence=Evidence(1, 1, 1, None, (upstream.ref,)),
        persona=persona,
    )


def _said(one: Indicator, words: Wording) -> str:
    """An indicator in the rule's own words where these are known."""
    field, op, value = words.native(one) or one
    if op in ("null", "exists"):
        return f"{field} {'absent' if op == 'null' else 'present'}"
    return f"{field} {_OPS.get(op, op)} {quoted(value)}"


_RULE = """\
title: Script host or installer under the WMI provider host {number}
id: {id}
tags: [attack.t1047]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    ParentImage|endswith: '\\wbem\\WmiPrvSE.exe'
    Image|endswith: ['\\cscript.exe', '\\mshta.exe', '\\msiexec.exe', '\\regsvr32.exe', '\\wscript.exe']
  condition: selection
level: high
"""
VALID = (
    Example("A rule of its own", _RULE.format(number="01", id="1d2f0a54-6f6c-4e1a-9f50-2f1f5c7d0001"), persona="pedantic"),
)
INVALID = (
    Example(
        "An old copy of a public rule",
        _RULE.format(number="02", id="8a582fe2-0882-4b89-a82a-da6b2dc32937"),
        "excludes",
        9,
    ),
)
