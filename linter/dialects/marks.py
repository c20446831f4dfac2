"""Cheap textual tests, so that a dialect's code is imported only for a file that may well be its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from linter.source import Source

BARE_KUSTO = (".kql", ".kusto", ".csl")  # a bare query carries no mark of its language but its suffix
_SIGMA = ("detection", "logsource", "correlation")
_KUSTO = (
    "relevantTechniques", "requiredDataConnectors", "queryFrequency", "queryPeriod", "triggerOperator", "entityMappings",
    "queryCondition", "queryText", "tactics", "severity", "dataTypes", "Detection", "Hunting", "| where",
)  # fmt: skip


def candidates(source: Source) -> Iterator[str]:
    """The dialects whose rules a text may hold, in the order in which they are to be asked."""
    text = source.text
    if "\ndetection:" in text and "\nlogsource:" in text:  # the common case costs two substring tests
        yield "sigma"
        return
    if text[:200].lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        yield from _in_json(text)
        if text[:200].lstrip().startswith("{"):
            return
    text = "\n" + text
    if any(word in text for word in _SIGMA) and _keys(*_SIGMA).search(text):
        yield "sigma"
    if ("[rule]" in text or "[hunt]" in text) and _search(_TABLE, text):
        yield "elastic"
    if "search" in text and _keys("search").search(text):
        yield "splunk"
    if source.path.lower().endswith(BARE_KUSTO):
        if text.strip():
            yield "kusto"
    elif "uery" in text and any(mark in text for mark in _KUSTO) and _keys("query", "queryText", "queryCondition").search(text):
        yield "kusto"
    if "rule" in text and "{" in text and ("condition" in text or "events" in text) and _search(_YARAL, text):
        yield "yaral"


_TABLE = r"[\r\n][ \t]*\[(?:rule|hunt)\][ \t]*(?:#[^\r\n]*)?(?:[\r\n]|\Z)"
_YARAL = r"[\r\n}/][ \t]*(?:(?:private|global)[ \t]+){0,2}rule[ \t]+[A-Za-z_]\w*\s*(?:\{|//|/\*)"


def _in_json(text: str) -> Iterator[str]:
    if any(f'"{word}"' in text for word in _SIGMA):
        yield "sigma"
    exported = '"rule_id"' in text and any(key in text for key in ('"query"', '"machine_learning', '"risk_score"'))
    if exported or ('"ruleId"' in text and '"siem.' in text):
        yield "elastic"
    if any(word in text for word in ("alertRules", "Microsoft.SecurityInsights", "savedSearches", "queryCondition")):
        yield "kusto"


@lru_cache(maxsize=16)
def _keys(*names: str) -> re.Pattern[str]:
    """One of these keys at the start of a line of YAML."""
    return re.compile(r"[\r\n][ \t]*(?:- )?[\"']?(?:%s)[\"']?[ \t]*:" % "|".join(names))  # noqa: UP031


def _search(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
