"""The findings as Markdown: a job summary, a comment, a page of a wiki."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from linter.engine import Report
from linter.finding import SEVERITIES, Evidence, Finding, Fix, Severity
from linter.reporters.clean import inert
from linter.reporters.edits import LineReplacement, on_lines
from linter.reporters.markup import code, fence, link, prose, text
from linter.reporters.registry import View
from linter.reporters.text import count
from linter.source import Source

MARKS: dict[Severity, str] = {"error": "🔴", "warning": "🟡", "advice": "🔵"}
PLURAL = {"error": "errors", "warning": "warnings", "advice": "advice"}
MOST = 60_000  # characters: a comment on GitHub holds 65,536
SIBLINGS = 8


def render(report: Report, view: View) -> str:
    """A heading with the counts, the findings by file, what was left out."""
    return inert("\n".join(cut([*heading(report), *body(report, view)], MOST)) + "\n")


def heading(report: Report) -> Iterator[str]:
    """The counts of a run, as a heading and a line below it."""
    summary = report.summary
    yield f"## siftlint: {counts(report.findings)}"
    yield ""
    said = f"{count(summary.rules, 'rule')} in {count(summary.files, 'file')}"
    if summary.suppressed or summary.baselined:
        said += f"; {summary.suppressed} suppressed, {summary.baselined} in the baseline"
    if summary.unreadable:
        said += f"; {count(summary.unreadable, 'rule or file', 'rules or files')} could not be read"
    yield said


def counts(findings: Sequence[Finding]) -> str:
    """`1 error, 2 warnings`, or `nothing to say`."""
    kinds = Counter(finding.severity for finding in findings)
    shown = [count(kinds[severity], severity, PLURAL[severity]) for severity in reversed(SEVERITIES) if kinds[severity]]
    return ", ".join(shown) or "nothing to say"


def body(report: Report, view: View) -> Iterator[str]:
    """The findings, file by file."""
    path = None
    for finding in report.findings:
        if finding.path != path:
            path = finding.path
            yield from ("", f"### {code(path)}")
        yield ""
        yield from item(finding, view)
    for failure in report.failures:
        yield from ("", f"❗ not linted: {text(failure)}")
    for note in report.notes:
        yield from ("", f"ℹ️ {text(note)}")


def item(finding: Finding, view: View) -> Iterator[str]:
    """One finding as an item of a list: what is said, and folded below it the siblings and the fix."""
    title = f" · {text(finding.rule_title, 120)}" if finding.rule_title else ""
    yield f"- {head(finding)} line {finding.begin.line}{title}  "
    yield f"  {prose(finding.message)}"
    for line in folded(finding, view.read(finding.path) if finding.fixes else None):
        yield f"  {line}" if line else ""


def head(finding: Finding) -> str:
    """Severity and check, linked to its page."""
    return f"{MARKS[finding.severity]} **{finding.severity}** [{finding.check}]({finding.help_url})"


def folded(finding: Finding, source: Source | None) -> Iterator[str]:
    """Evidence and fixes, each behind a line to open."""
    if finding.evidence.rules:
        yield from ("", "<details>", f"<summary>{evidence_title(finding.evidence)}</summary>", "")
        yield from siblings(finding.evidence)
        yield from ("", "</details>")
    for fix in finding.fixes:
        yield from ("", "<details>", f"<summary>Fix ({fix.applicability})</summary>", "")
        yield from shown(fix, source)
        yield from ("", "</details>")


def evidence_title(evidence: Evidence) -> str:
    """What the siblings are, with their number."""
    here, of = evidence.rules_here, evidence.rules_considered
    if here is not None and of is not None:
        return f"{here} of {count(of, 'rule')} do so"
    return count(len(evidence.rules), "rule of the catalog", "rules of the catalog")


def siblings(evidence: Evidence) -> Iterator[str]:
    """The rules behind a finding, linked."""
    for rule in evidence.rules[:SIBLINGS]:
        layer = f" ({text(rule.layer)})" if rule.layer else ""
        yield f"- {rule.vendor}: {link(rule.title or rule.id, rule.url)}{layer}"
    if len(evidence.rules) > SIBLINGS:
        yield f"- and {len(evidence.rules) - SIBLINGS} more"


def shown(fix: Fix, source: Source | None) -> Iterator[str]:
    """A fix in words and as a diff of its lines; or the text to copy."""
    change = on_lines(fix, source) if source else None
    if source is None or change is None:
        yield from fence(fix.description).splitlines() if "\n" in fix.description else [prose(fix.description)]
        return
    yield f"{prose(fix.description)}, line {change.first}:"
    yield ""
    yield from fence("\n".join(_diff(source, change)), "diff").splitlines()


def _diff(source: Source, change: LineReplacement) -> Iterator[str]:
    from difflib import ndiff

    starts = [*source.line_starts, len(source.text)]
    old = source.text[starts[change.first - 1] : starts[change.last]].splitlines()
    for line in ndiff(old, change.text.splitlines()):
        if not line.startswith("?"):
            yield line[0] + line[2:]


def cut(lines: Iterable[str], most: int) -> Iterator[str]:
    """The lines, up to about `most` characters: it ends between two items, closed, and says that there was more."""
    size, left = 0, 0
    kept: list[str] = []
    for line in lines:
        size += len(line) + 1
        if size > most and (line.startswith(("- ", "### ")) or left):
            left += line.startswith("- ")
        else:
            kept.append(line)
    yield from kept
    if left:
        yield from ("", f"… and {count(left, 'finding')} more than fit here.")


def blob(base: str, commit: str, path: str, line: int = 0) -> str:
    """The address of a file's line at a commit. `base`: the repository's page."""
    return f"{base}/blob/{commit}/{quote(in_bytes(path), safe='/')}{f'#L{line}' if line else ''}"


def in_bytes(path: str) -> bytes:
    """A path as the file system has it, for an address."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "replace")
