"""Points at rules that name a technique where their nearest relatives name one sub-technique of it.

## What it does
Looks at rules tagged with a technique that has sub-techniques, and with none of these. Among the public rules on the same
events that look for the same rare things and name a sub-technique of it, four in five have to name the same one; then the
check proposes it.

## Why it matters
Coverage maps and triage guides are made per sub-technique: `T1059` says that a script ran, `T1059.001` that it was
PowerShell.

## When to ignore
When the rule covers several sub-techniques on purpose.

## How it is counted
Independent families, near-copies once, five at least; the rule itself, its copies and the rules that it names do not
testify. For the pedantic persona.

## Fix
The sub-technique takes the place of the technique (unsafe: only the author knows what the rule is meant for).
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.catalog.model import positives
from linter.checks.base import CheckInfo, Example, RuleContext
from linter.checks.kin import Kin, families, most_named, nearest, rare
from linter.finding import Evidence, Finding, ReplaceTag
from linter.rule import Rule, Technique
from linter.taxonomy import attack

CHECK = CheckInfo(
    "parent-technique",
    "a technique where its relatives name one sub-technique",
    "advice",
    "pedantic",
    "medium",
    statistical=True,
)
LEAST = 5  # families
AGREE = 0.8
_PROGRAMS = {"T1059.003": "cmd.exe", "T1059.005": "script.exe", "T1218.007": "msiexec", "T1218.014": "mmc.exe"}


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a technique."""
    named = {one.id for one in context.rule.techniques}
    for technique in context.rule.techniques:
        lone = "." not in technique.id and not any(one.startswith(f"{technique.id}.") for one in named)
        if lone and attack.children(technique.id):
            yield from _on(context, technique)


def _on(context: RuleContext, technique: Technique) -> Iterator[Finding]:
    catalog = context.catalog
    below = catalog.technique(technique.id).handles
    mates = frozenset(handle for cls in context.rule.classes for handle in catalog.event_class(cls).handles)
    users = [(indicator, sorted(handles & below & mates)) for indicator, handles in sorted(rare(context).items())]
    lead = f"{technique.id}."
    kin = [
        Kin(one.handle, frozenset(name for name in one.techniques if name.startswith(lead)), one.shared)
        for one in nearest(families(catalog, users), rare(context))
    ]
    kin = [one for one in kin if one.techniques]
    sub, count = most_named(kin, shorten=False)
    info = attack.lookup(sub) if sub else None
    if len(kin) < LEAST or count < AGREE * len(kin) or info is None or not _speaks_of(context.rule, technique.id, sub):
        return
    parent = attack.lookup(technique.id)
    new = sub if technique.original.strip().isupper() else sub.lower()
    yield context.finding(
        (technique.start, technique.end),
        f"{count} of the {len(kin)} nearest rules that name a sub-technique of {technique.id}"
        f"{f' ({parent.name})' if parent else ''} name {sub} ({info.name}); this rule names the technique alone.",
        subject=(technique.id, sub),
        evidence=Evidence(count, len(kin), len(kin), None, tuple(catalog.rule(one.handle).ref for one in kin[:8])),
        intent=ReplaceTag(technique.original, new, technique.start, technique.end),
    )


def _speaks_of(rule: Rule, parent: str, sub: str) -> bool:
    """Whether a rule names what a sub-technique is called after (Regsvr32, PowerShell), where it is called after a program,
    and nothing that another one of the parent's is called after.
    """
    text = "\0".join([rule.title, *(one.value for one in positives(rule))]).lower()
    for child in attack.children(parent):
        info = attack.lookup(child)
        name = _PROGRAMS.get(child) or (info.name.lower() if info is not None and " " not in info.name else "")
        if name and (name in text) is not (child == sub):
            return False
    return True


_RULE = """\
title: Shell started by an editor {number}
id: 3e0d6a12-8b7c-4d6a-8f0a-7a6b5c4d00{number}
tags: [attack.{technique}]
logsource: {{category: process_creation, product: linux}}
detection:
  selection:
    Image|endswith: ['/gawk', '/nawk', '/mawk']
    CommandLine|contains: ['/bin/bash', '/bin/dash', '/bin/sh', '/bin/zsh']
  condition: selection
level: high
"""
VALID = (Example("The sub-technique is named", _RULE.format(number="01", technique="t1059.004"), persona="pedantic"),)
INVALID = (Example("The technique alone", _RULE.format(number="02", technique="t1059"), "T1059.004", 3, persona="pedantic"),)
