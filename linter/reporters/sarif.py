"""SARIF 2.1.0: checks with their help, results with fingerprints, evidence, fixes, and what was suppressed and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from linter import __version__
from linter.checks import registry
from linter.engine import Report
from linter.finding import HELP_BASE, Finding, Fix, Severity
from linter.reporters import markup
from linter.reporters.clean import document, plain
from linter.reporters.markdown import in_bytes
from linter.reporters.registry import View
from linter.source import Position, Source
from linter.suppress import Silenced

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://github.com/siftlint/siftlint"
LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "note"}
PRECISION = {"low": "medium", "medium": "high", "high": "very-high"}
SUPPRESSED = {"inline": "inSource", "external": "external", "baseline": "external"}
MOST = 2000


def render(report: Report, view: View) -> str:
    """One SARIF log with one run."""
    every: list[tuple[Finding, Silenced | None]] = [(finding, None) for finding in report.findings]
    every += [(gone.finding, gone) for gone in report.silenced]
    checks = sorted({finding.check for finding, _ in every})
    seen: Counter[str] = Counter()
    results = [_result(finding, gone, checks, seen, view) for finding, gone in every]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "siftlint",
                "semanticVersion": __version__,
                "version": __version__,
                "informationUri": HOME,
                "rules": [_rule(check) for check in checks],
            }
        },
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if report.snapshot:
        run["properties"] = {"snapshot": report.snapshot}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return document(log)


def _invocation(report: Report) -> dict[str, Any]:
    said = [("error", text) for text in report.failures] + [("note", text) for text in report.notes]
    notes = [{"level": level, "message": _message(text)} for level, text in said]
    return {"executionSuccessful": not report.failures, "toolExecutionNotifications": notes}


def _rule(check: str) -> dict[str, Any]:
    from inspect import cleandoc

    url = f"{HELP_BASE}{check}.html"
    if check not in registry.IDS:
        return {"id": check, "helpUri": url}
    module = registry.check(check)
    info = module.CHECK
    page = cleandoc(module.__doc__ or info.summary)
    return {
        "id": check,
        "name": "".join(word.capitalize() for word in check.split("-")),
        "shortDescription": {"text": info.summary},
        "fullDescription": {"text": page.split("\n\n")[0].replace("\n", " ")},
        "help": {"text": page, "markdown": f"{page}\n\n[{check}]({url})"},
        "helpUri": url,
        "defaultConfiguration": {"level": LEVELS[info.severity]},
        "properties": {
            "precision": PRECISION[info.confidence],
            "problem.severity": {"error": "error", "warning": "warning", "advice": "recommendation"}[info.severity],
            "tags": ["detection-engineering", "statistical" if info.statistical else "provable"],
        },
    }


def _result(finding: Finding, gone: Silenced | None, checks: Sequence[str], seen: Counter[str], view: View) -> dict[str, Any]:
    seen[finding.fingerprint] += 1
    where = {"artifactLocation": _artifact(finding.path), "region": _region(finding.begin, finding.finish)}
    logical = {"name": plain(finding.rule_title or finding.rule_id, 200), "kind": "resource"}
    location: dict[str, Any] = {"physicalLocation": where} | ({"logicalLocations": [logical]} if logical["name"] else {})
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": checks.index(finding.check),
        "level": LEVELS[finding.severity],
        "message": _message(finding.message, _markdown(finding)),
        "locations": [location],
        # No line is in it, so it survives what moves lines. The second is the name that GitHub compares by.
        "partialFingerprints": {
            "siftlint/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:{seen[finding.fingerprint]}",
        },
        "suppressions": [] if gone is None else [_suppression(gone)],
        "properties": {
            "confidence": finding.confidence,
            "ruleId": plain(finding.rule_id, 200),
            "dialect": finding.dialect,
            "evidence": _evidence(finding),
        },
    }
    fixes = _fixes(finding, view.read(finding.path) if finding.fixes else None)
    return result | ({"fixes": fixes} if fixes else {})


def _suppression(gone: Silenced) -> dict[str, Any]:
    why = "in the baseline" if gone.by == "baseline" and not gone.reason else plain(gone.reason, MOST)
    return {"kind": SUPPRESSED[gone.by], "status": "accepted"} | ({"justification": why} if why else {})


def _evidence(finding: Finding) -> dict[str, Any]:
    evidence = finding.evidence
    rules = [
        {"vendor": rule.vendor, "id": plain(rule.id), "title": plain(rule.title), "url": plain(rule.url)}
        for rule in evidence.rules
    ]
    return evidence._asdict() | {"rules": rules}


def _markdown(finding: Finding) -> str:
    lines = [markup.prose(finding.message, MOST)]
    lines += [f"- {rule.vendor}: {markup.link(rule.title or rule.id, rule.url)}" for rule in finding.evidence.rules]
    return "\n".join([lines[0], "", *lines[1:]]) if lines[1:] else lines[0]


def _message(text: str, markdown: str = "") -> dict[str, str]:
    """Plain text in which SARIF reads neither a link (`[text](target)`) nor a place for an argument (`{0}`)."""
    shown = re.sub(r"\{(?=\d+\})", "{ ", plain(text, MOST).replace("](", "] ("))
    return {"text": shown or "-"} | ({"markdown": markdown} if markdown else {})


def _fixes(finding: Finding, source: Source | None) -> list[dict[str, Any]]:
    if source is None:
        return []
    return [_fix(fix, finding.path, source) for fix in finding.fixes if fix.edits]


def _fix(fix: Fix, path: str, source: Source) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": _region(source.position(edit.start), source.position(edit.end)),
            "insertedContent": {"text": edit.text},
        }
        for edit in sorted(fix.edits)
    ]
    return {
        "description": _message(f"{fix.description} ({fix.applicability})"),
        "artifactChanges": [{"artifactLocation": _artifact(path), "replacements": replacements}],
    }


def _artifact(path: str) -> dict[str, str]:
    """A path as a URI: relative to the root of the sources, or absolute."""
    uri = quote(in_bytes(path), safe="/-._~!$&'()*+,=@")
    if path.startswith("/"):
        return {"uri": f"file://{uri}"}
    if re.match(r"[A-Za-z]:/", path):
        return {"uri": f"file:///{path[0]}:{quote(path[2:], safe='/')}"}
    return {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(begin: Position, finish: Position) -> dict[str, int]:
    return {
        "startLine": begin.line, "startColumn": begin.column, "endLine": finish.line, "endColumn": finish.column,
    }  # fmt: skip
