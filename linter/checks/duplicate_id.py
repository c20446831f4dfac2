"""Points at rules of one run that share an id.

## What it does
Reports every rule after the first that has the same id as another rule of the same dialect in this run.

## Why it matters
Deployment keys on the id: the second rule replaces the first, or is refused. A copied rule that kept its id is the usual cause.

## When to ignore
For folders that hold several versions of the same rules. Exclude all but one, or ignore the check there.

## How it is counted
Once a rule, over everything that is linted in one run; linting a single file cannot find it.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleRow, RunContext
from linter.finding import Finding

CHECK = CheckInfo("duplicate-id", "rules that share an id", "warning", scope="run")


def check(context: RunContext) -> Iterator[Finding]:
    """One finding for each rule whose id was seen before."""
    first: dict[tuple[str, str], RuleRow] = {}
    for row in context.rules:
        if not row.id or row.kind == "filter":
            continue
        earlier = first.setdefault((row.dialect, row.id), row)
        if (earlier.path, earlier.start) != (row.path, row.start):  # the documents of an `action: global` are one rule
            place = f"line {earlier.begin.line}" if earlier.path == row.path else f"{earlier.path}:{earlier.begin.line}"
            yield context.finding(row, f"The id {row.id} is also that of “{earlier.title}” ({place}).", subject=(row.path,))


_RULE = """\
title: {title}
id: 4a8e3f7a-51c4-4d55-8f8e-3d9b1c2a00{number}
tags: [attack.t1057]
logsource: {{category: process_creation, product: linux}}
detection:
  selection:
    Image|endswith: '/ps'
    ParentImage|contains: '/tmp/'
  condition: selection
level: medium
"""
_FIRST = _RULE.format(title="Process list read from a temporary folder", number="01")
VALID = (Example("Two ids", _FIRST + "---\n" + _RULE.format(title="The same, written again", number="02")),)
INVALID = (
    Example(
        "One id twice", _FIRST + "---\n" + _RULE.format(title="The same, written again", number="01"), "is also that of", 12
    ),
)
