"""Points at ATT&CK techniques that do not exist, and at those that were revoked, deprecated or moved, with their successor.

## What it does
Looks up every technique that the rule names in the ATT&CK version that siftlint ships. An id that ATT&CK never had is an
error; one that was revoked or deprecated is a warning; one that the current version merely moved is advice.

## Why it matters
Coverage maps, dashboards and triage guides drop ids that they do not know, without a word. An id with a typing error makes the
rule invisible where it is looked for; a revoked one drifts away from its relatives.

## When to ignore
When your other tools are pinned to an older ATT&CK version: lower the severity of `unknown-technique` in the configuration
to `advice`, or ignore the check.

## How it is counted
Once a technique. The answer comes from a table of ATT&CK's ids, not from other rules: this is provable.

## Fix
A technique with one known successor is replaced by it (safe: what the rule detects does not change).
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.finding import Finding, ReplaceTag
from linter.rule import Technique
from linter.taxonomy import attack

CHECK = CheckInfo("unknown-technique", "a technique that ATT&CK does not have, or has no longer", "error")


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a faulty technique."""
    for technique in context.rule.techniques:
        original = technique.original.strip().upper()
        info = attack.lookup(original)
        if info is None:
            yield context.finding((technique.start, technique.end), _unknown(original), subject=(original,))
        elif info.revoked or info.deprecated or info.moved:
            yield _outdated(context, technique, info)


def _unknown(original: str) -> str:
    parent = original.partition(".")[0]
    known = attack.lookup(parent) if "." in original else None
    if known is None:
        return f"{original} is not a technique of ATT&CK (v{attack.VERSION})."
    children = attack.children(parent)
    has = (
        f"{parent} ({known.name}) has {listed((child.rpartition('.')[2] for child in children), 20)}"
        if children
        else (f"{parent} ({known.name}) has no sub-techniques")
    )
    return f"{original} is not a technique of ATT&CK (v{attack.VERSION}); {has}."


def _outdated(context: RuleContext, technique: Technique, info: attack.TechniqueInfo) -> Finding:
    successor = attack.lookup(attack.current(info.id)) if info.successor else None
    state = (
        "was revoked"
        if info.revoked
        else "is deprecated"
        if info.deprecated
        else f"is not in ATT&CK v{attack.VERSION} any more"
    )
    text = f"{info.id} ({info.name}) {state}"
    intent = None
    if successor is not None:
        text += f"; its place was taken by {successor.id} ({successor.name})"
        new = successor.id if technique.original.strip().isupper() else successor.id.lower()
        intent = ReplaceTag(technique.original, new, technique.start, technique.end)
    return context.finding(
        (technique.start, technique.end),
        f"{text}.",
        subject=(info.id,),
        intent=intent,
        severity="warning" if info.revoked or info.deprecated else "advice",
    )


_RULE = """\
title: Remote shell started by the web server
id: 0c3f4ad2-9a35-4d0e-9c1b-6a1a3d9d00{number}
tags:
  - attack.persistence
  - attack.{technique}
logsource: {{category: process_creation, product: linux}}
detection:
  selection:
    ParentImage|endswith: '/httpd'
    Image|endswith: '/ncat'
  condition: selection
level: high
"""
VALID = (Example("A technique of the current version", _RULE.format(number="01", technique="t1505.003")),)
INVALID = (
    Example("A typing error", _RULE.format(number="02", technique="t1505.303"), "T1505.303 is not a technique", 5),
    Example("A revoked technique", _RULE.format(number="03", technique="t1100"), "T1505.003", 5),
    Example("A technique that moved", _RULE.format(number="04", technique="t1562.001"), "T1685", 5),
)
