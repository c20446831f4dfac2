"""The findings as JSON, for other tools; its schema is `linter/schemas/lint.schema.json`."""

from __future__ import annotations

from typing import Any

from linter.checks.base import RuleRow
from linter.engine import Report
from linter.finding import Evidence, Finding, Fix
from linter.reporters.clean import document
from linter.reporters.registry import View
from linter.rule import Event
from linter.source import Position, Source

VERSION = 1


def render(report: Report, view: View) -> str:
    """One JSON document."""
    data = {
        "version": VERSION,
        "snapshot": report.snapshot,
        "findings": [finding(item, view) for item in report.findings],
        "rules": [_rule(row) for row in report.rules],
        "summary": report.summary._asdict(),
    }
    return document(data)


def finding(item: Finding, view: View) -> dict[str, Any]:
    """One finding, as the schema has it."""
    return {
        "check": item.check,
        "severity": item.severity,
        "confidence": item.confidence,
        "persona": item.persona,
        "fingerprint": item.fingerprint,
        "path": item.path,
        "dialect": item.dialect,
        "rule_id": item.rule_id,
        "rule_title": item.rule_title,
        "start": item.begin._asdict(),
        "end": item.finish._asdict(),
        "message": item.message,
        "help_url": item.help_url,
        "evidence": _evidence(item.evidence),
        "fixes": _fixes(item, view),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "rules_here": evidence.rules_here,
        "rules_considered": evidence.rules_considered,
        "families": evidence.families,
        "corpus_reach": evidence.corpus_reach,
        "rules": [
            {"vendor": rule.vendor, "id": rule.id, "title": rule.title, "url": rule.url}
            | ({"layer": rule.layer} if rule.layer else {})
            for rule in evidence.rules
        ],
    }


def _fixes(item: Finding, view: View) -> list[dict[str, Any]]:
    if not item.fixes:
        return []
    source = view.read(item.path)
    return [_fix(fix, source) for fix in item.fixes]


def _fix(fix: Fix, source: Source | None) -> dict[str, Any]:
    def place(offset: int) -> dict[str, int]:
        return (source.position(offset) if source else Position(1, 1))._asdict()

    edits = [{"start": place(edit.start), "end": place(edit.end), "text": edit.text} for edit in fix.edits]
    return {"applicability": fix.applicability, "description": fix.description, "edits": edits}


def _rule(row: RuleRow) -> dict[str, Any]:
    return {
        "path": row.path,
        "id": row.id,
        "title": row.title,
        "dialect": row.dialect,
        "techniques": list(row.techniques),
        "events": [event(item) for item in row.events],
        "exclusions": row.exclusions,
        "noise": row.noise,
    }


def event(item: Event) -> dict[str, Any]:
    """One event, as lint, parse and the catalog's commands write it."""
    return {"class": item.cls, "provider": item.provider, "id": item.id, "title": item.title, "implied": item.implied}
