"""A report that holds one of everything, for golden outputs of the formats."""

from __future__ import annotations

from linter.checks.base import RuleRow
from linter.engine import Report, Summary
from linter.finding import AddExclusion, Edit, Evidence, Finding, Fix, ReplaceTag, RuleRef
from linter.reporters.registry import View
from linter.rule import Event
from linter.source import Position, Source
from linter.suppress import Silenced

TEXT = """\
title: Share access
id: r-1
tags:
  - attack.t1100
logsource: {product: windows, service: security}
detection:
  selection:
    EventID: 5140
  condition: selection
"""
SOURCE = Source("rules/share access.yml", TEXT)


def _finding(check: str, text: str, message: str, **more: object) -> Finding:
    start = TEXT.index(text)
    end = start + len(text)
    values = {"severity": "error", "confidence": "high", "persona": "regular", "subject": (text,), **more}
    return Finding(
        check=check, path=SOURCE.path, dialect="sigma", rule_id="r-1", rule_title="Share access", start=start, end=end,
        begin=SOURCE.position(start), finish=SOURCE.position(end), message=message, **values,
    )  # fmt: skip


_AT = TEXT.index("t1100")
REVOKED = _finding(
    "unknown-technique",
    "t1100",
    "T1100 (Web Shell) was revoked; its place was taken by T1505.003 (Web Shell).",
    severity="warning",
    intent=ReplaceTag("t1100", "t1505.003", _AT, _AT + 5),
    fixes=(Fix("safe", "write t1505.003", (Edit(_AT, _AT + 5, "t1505.003"),)),),
)
COMMON = _finding(
    "common-exclusion",
    "EventID: 5140",
    "7 of 23 rules on Security 5140 exclude computer accounts (SubjectUserName ends with `$`); this one does not.",
    severity="advice",
    confidence="medium",
    subject=("SubjectUserName", "endswith", "$"),
    intent=AddExclusion("SubjectUserName", "endswith", "$"),
    evidence=Evidence(
        7,
        23,
        6,
        9,
        (
            RuleRef("sigma", "s-1", "Access to ADMIN$ network share", "https://example.org/s-1"),
            RuleRef("elastic", "e-1", "Unusual share", ""),
            RuleRef("splunk", "p-1", "Share of our own", "", "ours"),
            RuleRef("kusto", "k-1", "Fourth", ""),
        ),
    ),
)
HOSTILE = _finding(
    "unreadable-rule", "title", "::error::\x1b[31mred\x1b[0m \u202egnirts\u202c @everyone <img src=x>\n## heading", subject=()
)._replace(rule_title="`code` | [link](http://x) \u2028 \x07")
ROW = RuleRow(
    SOURCE.path, "sigma", "r-1", "Share access", 0, 5, Position(1, 1), Position(1, 6), "rule", ("T1505.003",),
    (Event("windows:security:5140", "Security-Auditing", "5140", "A network share object was accessed.", False),), 0, 0.25,
)  # fmt: skip
REPORT = Report(
    findings=(HOSTILE, REVOKED, COMMON),
    rules=(ROW,),
    summary=Summary(files=1, rules=1, findings=3, suppressed=1, baselined=1, unreadable=1),
    snapshot={"schema": 1, "hash": "0" * 32, "rules": 9, "corpora": []},
    silenced=(
        Silenced(REVOKED._replace(check="missing-technique"), "inline", "known"),
        Silenced(COMMON._replace(check="noisy-branch"), "baseline"),
    ),
    notes=("siftlint.toml: the ignore for rule x matches nothing; remove it",),
)
EMPTY = Report((), (ROW,), Summary(1, 1, 0, 0, 0, 0), {})
VIEW = View(read=lambda path: SOURCE if path == SOURCE.path else None)
