"""The findings for people, at any width from 40 columns up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from linter.engine import Report
from linter.finding import SEVERITIES, Evidence, Finding, RemoveSelection, ReplaceTag
from linter.reporters.clean import plain
from linter.reporters.registry import View

_CODES = {"error": "1;31", "warning": "1;33", "advice": "1;36", "dim": "2", "bold": "1", "path": "1", "good": "1;32"}
_SHOWN_RULES = 3


def render(report: Report, view: View) -> str:
    """Findings by place, then a summary that adds up and says what to do next."""
    lines: list[str] = []
    for finding in report.findings:
        lines += [*_finding(finding, view), ""]
    if view.verbose and report.silenced:
        lines += [*_silenced(report, view), ""]
    if report.findings or not view.quiet:
        lines += _summary(report, view)
    return "\n".join(lines) + "\n" if lines else ""


def _paint(view: View, style: str, text: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if view.colour else text


def _finding(finding: Finding, view: View) -> Iterator[str]:
    place = f"{plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
    yield f"{_paint(view, 'path', place)} {_paint(view, finding.severity, finding.severity)}[{finding.check}]"
    if finding.rule_title:
        yield "  " + _paint(view, "dim", plain(finding.rule_title, view.width - 2))
    yield from _excerpt(finding, view)
    for line in _wrapped(plain(finding.message), view.width, "  "):
        yield line
    yield from _evidence(finding.evidence, view)
    for fix in finding.fixes:
        for line in _wrapped(f"fix ({fix.applicability}): {plain(fix.description)}", view.width, "  "):
            yield _paint(view, "good", line)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    from textwrap import wrap

    return wrap(
        text, max(40, width), initial_indent=indent, subsequent_indent=indent, break_long_words=True, break_on_hyphens=False
    )


def _excerpt(finding: Finding, view: View) -> Iterator[str]:
    """The line that the finding is on, cut to the width around its place, and a mark under it."""
    source = view.read(finding.path)
    if source is None or finding.begin.line > len(source.line_starts):
        return
    start, end = source.line_span(source.line_starts[finding.begin.line - 1])
    text = source.text[start:end]
    if not text.strip():
        return
    gutter = f"{finding.begin.line:>5} | "
    room = max(20, view.width - len(gutter))
    column = finding.begin.column - 1
    stop = finding.finish.column - 1 if finding.finish.line == finding.begin.line else len(text.rstrip())
    skip = max(0, min(column - room // 3, len(text) - room)) if len(text) > room else len(text) - len(text.lstrip())
    before, marked = plain(text[skip:column]), plain(text[column : max(stop, column + 1)])
    shown = plain(text[skip:], room)
    length = max(1, min(len(marked), len(shown) - len(before)))
    mark = " " * len(before) + _paint(view, finding.severity, "^" * length)
    yield _paint(view, "dim", gutter) + shown
    yield _paint(view, "dim", " " * (len(gutter) - 2) + "| ") + mark


def _evidence(evidence: Evidence, view: View) -> Iterator[str]:
    shown = len(evidence.rules) if view.verbose else _SHOWN_RULES
    for rule in evidence.rules[:shown]:
        layer = f" ({plain(rule.layer)})" if rule.layer else ""
        yield "    " + _paint(view, "dim", f"{rule.vendor:<8}") + plain(rule.title or rule.id, view.width - 12) + layer
        if view.verbose and rule.url:
            yield "            " + _paint(view, "dim", plain(rule.url))
    more = len(evidence.rules) - shown
    if more > 0:
        yield "    " + _paint(view, "dim", f"{'':<8}and {more} more")


def _silenced(report: Report, view: View) -> Iterator[str]:
    """What was raised and is not shown, one line each."""
    for finding, by, reason in sorted(report.silenced, key=lambda gone: (gone.finding.path, gone.finding.begin)):
        place = f"{plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
        yield _paint(view, "dim", f"{place} {finding.check}: {_BY[by]}{f': {plain(reason)}' if reason else ''}")


_BY = {"inline": "ignored in the rule", "external": "ignored in the configuration", "baseline": "in the baseline"}


def count(number: int, word: str, many: str = "") -> str:
    """`1 rule`, `2 rules`."""
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def _summary(report: Report, view: View) -> list[str]:
    summary = report.summary
    kinds = Counter(finding.severity for finding in report.findings)
    names = {"error": "errors", "warning": "warnings", "advice": "advice"}
    shown = [
        _paint(view, severity, count(kinds[severity], severity, names[severity]))
        for severity in reversed(SEVERITIES)
        if kinds[severity]
    ]
    said = ", ".join(shown) if shown else _paint(view, "good", "nothing to say")
    lines = [f"{count(summary.rules, 'rule')} in {count(summary.files, 'file')}: {said}"]
    if summary.suppressed or summary.baselined:
        parts = f"{summary.findings} shown + {summary.suppressed} suppressed + {summary.baselined} in the baseline"
        lines.append(f"{summary.raised} raised = {parts}")
    if summary.unreadable:
        lines.append(f"{count(summary.unreadable, 'rule or file', 'rules or files')} could not be read")
    if report.findings:
        lines += ["", *_next(report, view)]
    return lines


def _next(report: Report, view: View) -> Iterator[str]:
    """What to do with it: commands that can be copied."""
    from shlex import quote

    worst = max(report.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    rows = [(f"siftlint explain {worst.check}", "what the check means")]
    argued = next((finding for finding in report.findings if finding.evidence.rules), None)
    if argued is not None:
        rows.append((f"siftlint why {quote(f'{plain(argued.path)}:{argued.begin.line}')}", "the rules behind a finding"))
    fixable = sum(isinstance(finding.intent, ReplaceTag | RemoveSelection) for finding in report.findings)
    if fixable:
        same = " ".join(quote(plain(path)) for path in view.paths)
        again = f"siftlint lint --diff {same}" if 0 < len(same) < 40 else "siftlint lint --diff"
        rows.append((again, f"what --fix would change ({fixable})"))
    room = min(44, max(len(command) for command, _ in rows))
    for command, why in rows:
        if len(command) <= room:
            yield f"  {_paint(view, 'bold', command)}{' ' * (room + 2 - len(command))}{_paint(view, 'dim', why)}"
        else:
            yield f"  {_paint(view, 'bold', command)}"
            yield f"  {' ' * (room + 2)}{_paint(view, 'dim', why)}"
