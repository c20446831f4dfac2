"""Points at rules that name no ATT&CK technique.

## What it does
Reports a rule that is tagged with no ATT&CK technique. Where at least a tactic is named (`attack.execution`), only the
pedantic persona hears of it.

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

CHECK = CheckInfo("missing-technique", "a rule that names no ATT&CK technique", "advice")
EXEMPT = ("filter", "correlation", "building_block", "base")
TACTICS = (
    "reconnaissance", "resourcedevelopment", "initialaccess", "execution", "persistence", "privilegeescalation", "stealth",
    "defenseimpairment", "defenseevasion", "credentialaccess", "discovery", "lateralmovement", "collection",
    "commandandcontrol", "exfiltration", "impact",
)  # fmt: skip


def check(context: RuleContext) -> Iterator[Finding]:
    """At most one finding."""
    rule = context.rule
    if rule.techniques or rule.kind in EXEMPT:
        return
    letters = ["".join(char for char in tag.lower() if char.isalpha()) for tag in rule.tags]
    tactic = any(tag.endswith(TACTICS) for tag in letters)
    yield context.finding(
        rule.anchor("tags"),
        f"No ATT&CK technique is named{' (a tactic alone says little)' if tactic else ''}, so neither a coverage map nor the "
        "catalog finds this rule's relatives.",
        persona="pedantic" if tactic else "regular",
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
        "a tactic alone",
        3,
        persona="pedantic",
    ),
    Example(
        "No tags at all",
        """\
title: Archive tool reads a mailbox file
id: 3b2a6f00-1f3e-4d0e-8d6b-2f6f6f2a0003
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\7z.exe'
    CommandLine|contains: '.pst'
  condition: selection
level: medium
""",
        "No ATT&CK technique",
        1,
    ),
)
