"""Points at selections that the condition never uses.

## What it does
Reports a named part of a Sigma detection that the condition does not refer to, neither by name nor by a pattern such as
`1 of filter_*` or `all of them`.

## Why it matters
The rule looks as if it required (or excluded) something, and does not. Most often the condition was edited and the selection
forgotten, or the selection was renamed and the pattern no longer covers it: a filter that filters nothing.

## When to ignore
When the selection is kept on purpose for a copy of the rule that is built from this one.

## How it is counted
One finding a selection. It follows from the rule alone: this is provable.

## Fix
The selection is removed (safe: what the rule detects does not change). If it was meant to be used, mend the condition instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleContext
from linter.finding import Finding, RemoveSelection

CHECK = CheckInfo("unused-selection", "a selection that the condition never uses", "warning", dialects=("sigma",))


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding an unused selection."""
    for selection in context.rule.selections:
        if not selection.used:
            yield context.finding(
                (selection.start, selection.end),
                f"The condition never uses `{selection.name}`, so it neither selects nor excludes anything.",
                subject=(selection.name,),
                intent=RemoveSelection(selection.name),
            )


_RULE = """\
title: Registry hive saved by reg.exe
id: 2f9d6d0b-7f3f-4f0a-9a51-0b9a5b6b00{number}
tags: [attack.t1003.002]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: '\\reg.exe'
    CommandLine|contains|all: [save, 'hklm\\sam']
  filter_main_backup:
    ParentImage: 'C:\\Program Files\\ExampleBackup\\agent.exe'
  condition: {condition}
level: high
"""
VALID = (Example("The filter is used", _RULE.format(number="01", condition="selection and not 1 of filter_main_*")),)
INVALID = (
    Example(
        "The pattern does not cover the filter",
        _RULE.format(number="02", condition="selection"),
        "`filter_main_backup`",
        9,
    ),
)
