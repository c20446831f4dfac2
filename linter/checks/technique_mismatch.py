"""Points at rules whose rare indicators are those of another technique.

## What it does
Takes the indicators of the rule that few public rules look for. When two of them are looked for by five independent rules
that name techniques, and none of those names a technique akin to this rule's, the check says which technique they name.

## Why it matters
A wrong technique puts the rule into the wrong place of every coverage map, and its alerts into the wrong triage guide. A
copied header is the usual cause.

## When to ignore
When the rule looks at the same thing for another purpose, as it is with tools that do many things.

## How it is counted
Independent families, near-copies once; the rule itself, its copies and the rules that it names do not testify. Techniques
are akin when they are the same, one is the other's sub-technique, or both are sub-techniques of one; a technique of the same
tactic is no mismatch either. For the auditor persona: too few of its findings on public rules were worth saying.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.kin import families, most_named, nearest, rare
from linter.checks.said import quoted
from linter.finding import Evidence, Finding
from linter.taxonomy import attack
from linter.taxonomy.schemas import base

CHECK = CheckInfo(
    "technique-mismatch", "rare indicators that are another technique's", "advice", "auditor", "low", statistical=True
)
LEAST = 5  # families
AGREE = 0.8  # of them, so many name one technique
_ONE = {"OriginalFileName": "Image", "Product": "Image", "Description": "Image"}  # fields that say one thing: the program
MOST = 60  # rules that are looked at


def check(context: RuleContext) -> Iterator[Finding]:
    """At most one finding, on the first technique."""
    rule = context.rule
    if not rule.techniques:
        return
    found = rare(context)
    if len(found) < 2 or len(frozenset().union(*found.values())) > MOST:
        return
    own = {one.id.partition(".")[0] for one in rule.techniques}
    kin = nearest(families(context.catalog, sorted(found.items())), found, 0.3, 2)
    kin = [one for one in kin if len({_ONE.get(field := base(indicator.field), field) for indicator in one.shared}) > 1]
    used = frozenset().union(*(one.shared for one in kin)) if kin else frozenset()
    if len(kin) < LEAST or len(used) < 2:
        return
    if any(technique.partition(".")[0] in own for one in kin for technique in one.techniques):
        return
    technique, count = most_named(kin, shorten=True)
    if count < AGREE * len(kin):
        return
    info = attack.lookup(technique)
    tactics = {tactic for one in rule.techniques if (named := attack.lookup(one.id)) for tactic in named.tactics}
    if info is None or not tactics.isdisjoint(info.tactics):
        return
    name = f"{technique} ({info.name})"
    first = rule.techniques[0]
    what = listed(
        (quoted(context.catalog.written(one)) for one in sorted(used, key=lambda one: (len(found[one]), one))), 3, "or"
    )
    yield context.finding(
        (first.start, first.end),
        f"{count} of {len(kin)} independent rules that share two of {what} with it name {name} or "
        f"a sub-technique of it, and none names one akin to {listed(one.id for one in rule.techniques)}.",
        subject=(technique,),
        evidence=Evidence(count, len(kin), len(kin), None, tuple(context.catalog.rule(one.handle).ref for one in kin[:8])),
    )


_RULE = """\
title: File fetched by a background job {number}
id: 6c5b2b0e-2c4f-4c1c-9df3-4d9a1e2b00{number}
tags: [attack.{technique}]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    OriginalFileName: bitsadmin.exe
    CommandLine|contains: [' /transfer ', ' /addfile ', ' /create ']
  condition: selection
level: high
"""
VALID = (Example("The technique of its kin", _RULE.format(number="01", technique="t1197"), persona="auditor"),)
INVALID = (
    Example("A technique that none of them names", _RULE.format(number="02", technique="t1598"), "T1197", 3, persona="auditor"),
)
