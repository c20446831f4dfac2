"""reviewdog's diagnostic format, with suggestions. Its columns count bytes of UTF-8."""

from __future__ import annotations

from typing import Any

from linter.engine import Report
from linter.finding import Finding, Severity
from linter.reporters.clean import document, plain
from linter.reporters.edits import joined
from linter.reporters.registry import View
from linter.source import Position, Source

LEVELS: dict[Severity, str] = {"error": "ERROR", "warning": "WARNING", "advice": "INFO"}
MOST = 2000


def render(report: Report, view: View) -> str:
    """One DiagnosticResult."""
    log = {
        "source": {"name": "siftlint", "url": "https://github.com/siftlint/siftlint"},
        "diagnostics": [_diagnostic(finding, view.read(finding.path)) for finding in report.findings],
    }
    return document(log)


def _diagnostic(finding: Finding, source: Source | None) -> dict[str, Any]:
    diagnostic: dict[str, Any] = {
        "message": plain(finding.message, MOST),
        "location": {"path": finding.path, "range": _range(finding.begin, finding.finish, source)},
        "severity": LEVELS[finding.severity],
        "code": {"value": finding.check, "url": finding.help_url},
    }
    suggestions = _suggestions(finding, source)
    return diagnostic | ({"suggestions": suggestions} if suggestions else {})


def _suggestions(finding: Finding, source: Source | None) -> list[dict[str, Any]]:
    out = []
    for fix in finding.fixes if source else ():
        one = joined(fix, source) if source and fix.applicability != "display" else None
        if source and one:
            out.append({"range": _range(source.position(one.start), source.position(one.end), source), "text": one.text})
    return out


def _range(begin: Position, finish: Position, source: Source | None) -> dict[str, Any]:
    return {"start": _place(begin, source), "end": _place(finish, source)}


def _place(position: Position, source: Source | None) -> dict[str, int]:
    """A line, and the column in bytes; without the text the line alone, for then the bytes can't be told."""
    if source is None or position.line > len(source.line_starts):
        return {"line": position.line}
    start = source.line_starts[position.line - 1]
    before = source.text[start : start + position.column - 1]
    return {"line": position.line, "column": len(before.encode("utf-8", "surrogatepass")) + 1}
