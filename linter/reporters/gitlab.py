"""GitLab's Code Quality report. A fingerprint is the finding's own; GitLab wants each once, so a repeated one is counted on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from linter.engine import Report
from linter.finding import Finding, Severity
from linter.reporters.clean import document, plain
from linter.reporters.registry import View

LEVELS: dict[Severity, str] = {"error": "critical", "warning": "major", "advice": "info"}
MOST = 2000


def render(report: Report, view: View) -> str:  # noqa: ARG001  (as every format)
    """One JSON array."""
    seen: Counter[str] = Counter()
    issues = [_issue(finding, seen) for finding in report.findings]
    return document(issues)


def _issue(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    seen[finding.fingerprint] += 1
    again = seen[finding.fingerprint]
    return {
        "description": plain(finding.message, MOST),
        "check_name": finding.check,
        "fingerprint": finding.fingerprint if again == 1 else f"{finding.fingerprint}-{again}",
        "severity": LEVELS[finding.severity],
        "location": {"path": finding.path, "lines": {"begin": finding.begin.line, "end": finding.finish.line}},
    }
