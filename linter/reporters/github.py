"""GitHub annotations: workflow commands on standard output.

GitHub keeps ten annotations of each level a step, so the gravest come first and what does not fit is listed as plain lines.
Columns are given only where a finding ends on the line it begins on; GitHub refuses others.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.engine import Report
from linter.finding import SEVERITIES, Finding, Severity
from linter.reporters.clean import inert, plain
from linter.reporters.registry import View
from linter.reporters.text import count

COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "notice"}
MOST = 10  # annotations of a level that GitHub shows for one step
TITLE, MESSAGE = 255, 4000  # characters; GitHub's own bound on a message is 64 KB
SIBLINGS = 3


def render(report: Report, view: View) -> str:
    """One command a line, then what did not fit, then the summary."""
    lines: list[str] = []
    rest: list[Finding] = []
    for severity in reversed(SEVERITIES):
        found = [finding for finding in report.findings if finding.severity == severity]
        lines += [_command(finding) for finding in found[:MOST]]
        rest += found[MOST:]
    if rest:
        lines.append(f"{count(len(rest), 'finding')} more than GitHub shows as annotations:")
        lines += [inert(line) for line in map(_line, rest)]
    if report.findings or not view.quiet:
        lines.append(f"{count(report.summary.rules, 'rule')}, {count(len(report.findings), 'finding')}")
    return "\n".join(lines) + "\n" if lines else ""


def _command(finding: Finding) -> str:
    properties = {"file": plain(finding.path), "line": str(finding.begin.line)}
    if finding.finish.line > finding.begin.line:
        properties["endLine"] = str(finding.finish.line)
    else:
        properties["col"] = str(finding.begin.column)
        properties["endColumn"] = str(max(finding.finish.column - 1, finding.begin.column))  # inclusive here
    title = f"{finding.check}: {plain(finding.rule_title)}" if finding.rule_title else finding.check
    properties["title"] = title if len(title) <= TITLE else title[: TITLE - 1] + "…"
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = "\n".join(_message(finding))
    return f"::{COMMANDS[finding.severity]} {shown}::{_data(message)}"


def _message(finding: Finding) -> Iterator[str]:
    yield plain(finding.message, MESSAGE)
    for rule in finding.evidence.rules[:SIBLINGS]:
        yield f"  {rule.vendor}: {plain(rule.title or rule.id, 120)}"
    for fix in finding.fixes:
        yield f"Fix ({fix.applicability}): {plain(fix.description, MESSAGE)}"
    yield finding.help_url


def _line(finding: Finding) -> str:
    place = f"{plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
    return f"{place} {finding.severity}[{finding.check}] {plain(finding.message, MESSAGE)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
