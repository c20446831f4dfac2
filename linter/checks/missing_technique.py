"""Points at rules that name no ATT&CK technique.

## What it does
Reports a rule that is tagged with no ATT&CK technique at all. A tactic alone (`attack.execution`) does not count.

## Why it matters
The technique is how a rule finds its relatives: coverage maps, triage guides and siftlint's own catalog are keyed on it.
Without one, the rule's alerts say what happened but not what it may be part of.

## When to ignore
For rules that hold no behaviour of an adversary: policy, inventory, the health of a sensor. Ignore the check for their folder.

## How it is counted
Once a rule. Correlations, filters and building blocks need no technique of their own. Nothing is asked of the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.checks.base import CheckInfo, Example, RuleContext
from linter.finding import Finding

CHECK = CheckInfo("missing-technique", "a rule that names no ATT&CK technique", "advice", confidence="high", persona="pedantic")
EXEMPT = ("filter", "correlation", "building_block", "base")


def check(context: RuleContext) -> Iterator[Finding]:
    """At most one finding."""
    rule = context.rule
    if not rule.techniques and rule.kind not in EXEMPT:
        yield context.finding(
            rule.anchor("tags"),
            "No ATT&CK technique is named, so coverage maps and rules of the same kind can't be found by it.",
        )


VALID = (
    Example(
        "A technique among the tags",
        """\
title: Archive tool reads a mailbox file
id: 3b2a6f00-1f3e-4d0e-8d6b-2f6f6f2a0001
tags: [attack.collection, attack.t1114.001]
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\7z.exe'
    CommandLine|contains: '.pst'
  condition: selection
level: medium
""",
        persona="pedantic",
    ),
)
INVALID = (
    Example(
        "A tactic alone",
        """\
title: Archive tool reads a mailbox file
id: 3b2a6f00-1f3e-4d0e-8d6b-2f6f6f2a0002
tags: [attack.collection]
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\7z.exe'
    CommandLine|contains: '.pst'
  condition: selection
level: medium
""",
        "No ATT&CK technique",
        3,
        persona="pedantic",
    ),
)
