"""Points at metadata that other tools will refuse or misread.

## What it does
Reports metadata whose type or form is not what the format's specification asks for, although the detection itself can be
read: a tag without a namespace, `references` as one text instead of a list, an id that is a number, a log source that is a
list, a `date` that is no date.

## Why it matters
siftlint reads the detection regardless. Converters and deployment pipelines are stricter: they stop at the rule, or drop the
field without a word, and the rule is then missing where it was meant to run.

## When to ignore
When the rule is read by your own tools only, and they expect the field in this form.

## How it is counted
One finding a fault. Nothing is asked of the catalog: this is provable.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleContext
from linter.finding import Finding

CHECK = CheckInfo("faulty-metadata", "metadata that the format does not allow", "warning")


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a fault that the dialect noted."""
    for fault in context.rule.faults:
        yield context.finding((fault.start, fault.end), fault.message, subject=(fault.code,))


VALID = (
    Example(
        "Tags with a namespace, references as a list",
        """\
title: Volume shadow copies removed
id: 7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a001
references:
  - https://example.org/shadow-copies
tags:
  - attack.t1490
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\vssadmin.exe'
    CommandLine|contains|all: [delete, shadows]
  condition: selection
level: high
""",
    ),
)
INVALID = (
    Example(
        "A tag without a namespace",
        """\
title: Volume shadow copies removed
id: 7c1f9a52-58f7-4b0c-8a3f-55f5f9f1a002
tags:
  - attack.t1490
  - ransomware
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\vssadmin.exe'
    CommandLine|contains|all: [delete, shadows]
  condition: selection
level: high
""",
        "ransomware",
        5,
    ),
)
