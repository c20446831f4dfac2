"""JUnit XML: a suite a file, a test a rule. Errors and warnings fail a test; advice is its output and does not."""

from __future__ import annotations

from collections.abc import Iterator

from linter.engine import Report
from linter.finding import Finding
from linter.reporters.clean import inert, plain
from linter.reporters.registry import View

FAILS = ("error", "warning")


def render(report: Report, view: View) -> str:  # noqa: ARG001  (as every format)
    """One XML document."""
    suites = [_suite(path, tests) for path, tests in _by_file(report).items()]
    tests = sum(count for count, _, _ in suites)
    failures = sum(failed for _, failed, _ in suites)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="siftlint" tests="{tests}" failures="{failures}">']
    for _, _, suite in suites:
        lines += suite
    return inert("\n".join([*lines, "</testsuites>"]) + "\n")


_Tests = dict[tuple[str, str], list[Finding]]  # findings by (id, title)


def _by_file(report: Report) -> dict[str, _Tests]:
    files: dict[str, _Tests] = {}
    for row in report.rules:
        files.setdefault(row.path, {}).setdefault((row.id, row.title), [])
    for finding in report.findings:
        files.setdefault(finding.path, {}).setdefault((finding.rule_id, finding.rule_title), []).append(finding)
    return dict(sorted(files.items()))


def _suite(path: str, tests: _Tests) -> tuple[int, int, list[str]]:
    """(tests, tests that failed, lines)."""
    cases, failures = [], 0
    for (id, title), findings in tests.items():
        failures += any(finding.severity in FAILS for finding in findings)
        cases += list(_case(path, title or id or path, findings))
    head = f'  <testsuite name={_attribute(path)} tests="{len(tests)}" failures="{failures}">'
    return len(tests), failures, [head, *cases, "  </testsuite>"]


def _case(path: str, name: str, findings: list[Finding]) -> Iterator[str]:
    head = f"    <testcase classname={_attribute(path)} name={_attribute(name)} file={_attribute(path)}"
    if not findings:
        yield head + "/>"
        return
    yield head + f' line="{findings[0].begin.line}">'
    failed = [finding for finding in findings if finding.severity in FAILS]
    if failed:  # one a test: readers of this format expect no more
        kind = ", ".join(dict.fromkeys(finding.check for finding in failed))
        yield f"      <failure type={_attribute(kind)} message={_attribute(failed[0].message)}>"
        yield from (_text(line) for finding in failed for line in _lines(finding))
        yield "      </failure>"
    advice = [finding for finding in findings if finding.severity not in FAILS]
    if advice:
        yield "      <system-out>"
        yield from (_text(line) for finding in advice for line in _lines(finding))
        yield "      </system-out>"
    yield "    </testcase>"


def _lines(finding: Finding) -> Iterator[str]:
    place = f"{plain(finding.path)}:{finding.begin.line}:{finding.begin.column}"
    yield f"{place} {finding.severity}[{finding.check}] {plain(finding.message, 2000)}"
    for rule in finding.evidence.rules[:3]:
        yield f"  {rule.vendor}: {plain(rule.title or rule.id, 200)}"
    yield f"  {finding.help_url}"


# The library's own escapes come with a web client.
_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\ufffe": "\ufffd", "\uffff": "\ufffd"})


def _text(text: str) -> str:
    return text.translate(_XML)


def _attribute(text: str) -> str:
    return f'"{plain(text, 1000).translate(_XML)}"'
