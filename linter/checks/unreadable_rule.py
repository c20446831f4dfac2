"""Says which rules could not be read, where, and why.

## What it does
Reports a file, a rule in a file, or a rule's query that siftlint cannot read: broken YAML or TOML, a condition that names a
selection which does not exist, a query with a parenthesis left open, bytes that are not UTF-8, a file it may not open.

## Why it matters
A rule that cannot be read is not linted by anything, and most backends refuse it too. The other rules of the run are linted
all the same.

## When to ignore
When the file is a template that is filled in before it becomes a rule. Prefer `exclude` in the configuration for those.

## How it is counted
One finding a place. Nothing is asked of the catalog: this is provable, hence an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, FileContext
from linter.finding import Finding

CHECK = CheckInfo("unreadable-rule", "a rule that cannot be read", "error", scope="file")


def check(context: FileContext) -> Iterator[Finding]:
    """One finding a problem."""
    for problem in context.reading.problems:
        start, end = problem.start, max(problem.end, problem.start)
        yield context.finding(
            (start, end), problem.message, rule_id=problem.rule_id, title=problem.title, subject=(problem.title,)
        )


VALID = (
    Example(
        "Every selection that the condition names is there",
        """\
title: Scheduled task made from a script folder
id: 5d8f3e0a-6a55-4d43-9f0f-0f6c1a7b1c01
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\schtasks.exe'
    CommandLine|contains: '/create'
  condition: selection
tags: [attack.t1053.005]
level: medium
""",
    ),
)
INVALID = (
    Example(
        "The condition names a selection that does not exist",
        """\
title: Scheduled task made from a script folder
id: 5d8f3e0a-6a55-4d43-9f0f-0f6c1a7b1c02
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\schtasks.exe'
  condition: selections and not filter
tags: [attack.t1053.005]
level: medium
""",
        "selections",
        7,
    ),
)
