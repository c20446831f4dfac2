"""Elastic: rules and hunts in TOML, the endpoint's behaviour rules, Kibana's exports (`ndjson`, an array, one document)."""

from __future__ import annotations

import re

from linter.rule import Problem, Reading, Rule
from linter.source import Source

_TYPES = ("eql", "query", "esql", "threshold", "new_terms", "threat_match", "machine_learning", "saved_query")
_MARKS = ("rule_id", "query", "risk_score", "machine_learning_job_id", "[[threat]]", "[[rule.threat]]", "severity")


def recognises(source: Source) -> bool:
    """Whether the text is a rule file in TOML, or JSON that holds detection rules."""
    text = source.text
    if ("[rule]" in text and any(mark in text for mark in _MARKS)) or ("[hunt]" in text and "query" in text):
        return re.search(r"^[ \t]*\[(?:rule|hunt)\][ \t]*(?:#[^\r\n]*)?$", text, re.MULTILINE) is not None
    if text[:200].lstrip()[:1] not in ("{", "["):
        return False
    if '"ruleId"' in text and '"siem.' in text and '"params"' in text:
        return True
    if '"rule_id"' not in text:
        return False
    if not ('"risk_score"' in text or '"severity"' in text or '"query"' in text):
        return False
    return re.search(rf'"type"\s*:\s*"(?:{"|".join(_TYPES)})"', text) is not None


def read(source: Source) -> Reading:
    """The rules of the text, and what kept others from being read."""
    if source.text[:200].lstrip()[:1] in ("{", "[") and not recognises_toml(source.text):
        from linter.dialects import elastic_export

        return elastic_export.read(source)
    from linter.dialects import elastic_rule, tomldoc
    from linter.dialects.document import DocumentError

    try:
        document = tomldoc.load(source)
    except DocumentError as error:
        identity = re.search(r'^[ \t]*(?:rule_id|id)[ \t]*=[ \t]*"([0-9a-f-]{36})"', source.text, re.MULTILINE)
        return Reading((), (Problem(error.message, error.start, error.end, identity[1] if identity else ""),))
    if isinstance(document.get("hunt"), dict) and document.get("rule") is None:
        from linter.dialects import elastic_hunt

        hunt = elastic_hunt.read(source, document)
        return Reading((hunt,), ()) if isinstance(hunt, Rule) else Reading((), (hunt,))
    if not isinstance(document.get("rule"), dict):
        return Reading((), (Problem("no [rule] table", 0, min(1, len(source.text))),))
    made = elastic_rule.read(source, document, "rule")
    return Reading((made,), ()) if isinstance(made, Rule) else Reading((), (made,))


def recognises_toml(text: str) -> bool:
    """Whether a text that starts with a bracket is TOML all the same: it starts with a table."""
    return re.match(r"\s*\[\[?[\w.-]+\]\]?\s*(?:#.*)?$", text, re.MULTILINE) is not None
