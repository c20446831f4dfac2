"""Kusto rules: Microsoft Sentinel and Defender YAML, ARM and Defender JSON, bare query files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.dialects.draft import Draft
from linter.dialects.kusto_rule import TITLES, field, rule
from linter.dialects.marks import BARE_KUSTO
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence, YamlError, documents, embedded
from linter.rule import Problem, Reading
from linter.source import Source

_KEYS = (
    "relevantTechniques", "requiredDataConnectors", "queryFrequency", "queryPeriod", "triggerOperator", "entityMappings",
    "queryCondition",
)  # fmt: skip
_QUERY = re.compile(r"^[ \t]*(?:- )?[\"']?(?:query|queryText)[\"']?[ \t]*:", re.MULTILINE | re.IGNORECASE)
_STAGE = re.compile(r"\|\s*(?:where|project|extend|summarize|join|distinct|union|take|top|count)\b")
_COMMAND = re.compile(r"(?:\s+|//[^\n]*)*\.[a-z]")  # `.create function`: a command to a database, no query
_ID = r"^id:[ \t]*['\"]?([\w-]+)"  # of a file that is no YAML
_NAME = r"^(?:name|displayName):[ \t]*['\"]?([^\r\n'\"]+)"


def recognises(source: Source) -> bool:
    """Whether the text holds a Kusto rule: by its keys, for a bare query by its suffix and by not being something else."""
    text = source.text
    if source.path.lower().endswith(BARE_KUSTO):
        return bool(text.strip()) and _COMMAND.match(text) is None
    if _is_json(text):
        if "alertRules" not in text and "Microsoft.SecurityInsights" not in text and "avedSearches" not in text:
            return "queryCondition" in text and "queryText" in text
        return re.search(r'"query"\s*:\s*"', text) is not None
    if "uery" not in text or _QUERY.search(text) is None:
        return False
    try:
        return any(_query(root) is not None for root in _maps(documents(source)))
    except YamlError:
        return any(re.search(rf"^{key}:", text, re.MULTILINE) for key in _KEYS)


def read(source: Source) -> Reading:
    """The rules of a file; what has no readable query is a problem."""
    if source.path.lower().endswith(BARE_KUSTO):
        from linter.dialects import kusto_bare

        return kusto_bare.read(source)
    if _is_json(source.text):
        from linter.dialects import kusto_json

        return kusto_json.read(source)
    rules, problems = [], []
    try:
        roots = documents(source)
    except YamlError as error:
        roots = error.read
        known = [re.search(pattern, source.text, re.MULTILINE) for pattern in (_ID, _NAME)]
        names = [found.group(1).strip()[:256] if found else "" for found in known]
        problems.append(Problem(error.message, error.start, error.end, *names))
    for root in _maps(roots):
        found = _query(root, asked=True)
        draft = Draft(source.path, "kusto")
        if found is None:
            if isinstance(root, Scalar) and root.value is None:
                continue
            problems.append(Problem("the document has no `query`, so is no rule", root.start, max(root.end, root.start + 1)))
            continue
        maps, query = found
        problem = rule(draft, maps, query, embedded(source, query))
        if problem is not None:
            problems.append(problem)
        else:
            rules.append(draft.finish())
    if not rules and not problems:
        problems.append(Problem("the file holds no rule", 0, min(1, len(source.text))))
    return Reading(tuple(rules), tuple(problems))


def _is_json(text: str) -> bool:
    return text[:200].lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _maps(roots: list[Node]) -> Iterator[Node]:
    """The documents; the items of a list of rules, and of one under a key, count as one each."""
    for root in roots:
        if isinstance(root, Sequence) and root.items and all(isinstance(item, Mapping) for item in root.items):
            yield from root.items
        elif isinstance(root, Mapping) and len(root.items) == 1 and isinstance(root.items[0][1], Sequence):
            inner = root.items[0][1].items
            yield from inner if inner and all(isinstance(item, Mapping) for item in inner) else [root]
        else:
            yield root


def _query(root: Node, asked: bool = False) -> tuple[list[Mapping], Scalar] | None:
    """The mappings with a rule's metadata and its query; None when it is no rule. `asked`: the file is said to hold rules."""
    if not isinstance(root, Mapping):
        return None
    condition = root.get("queryCondition")
    if isinstance(condition, Mapping):
        query = condition.get("queryText")
        action = root.get("detectionAction")
        alert = action.get("alertTemplate") if isinstance(action, Mapping) else None
        maps = [part for part in (root, alert) if isinstance(part, Mapping)]
        return (maps, query) if isinstance(query, Scalar) else None
    inner = root.get("properties")
    holder = inner if isinstance(inner, Mapping) and field(inner, "query") else root
    found = field(holder, "query")
    if found is None or not isinstance(found[1], Scalar):
        return None
    maps = [holder] if holder is root else [holder, root]
    text = found[1].text
    named = any(field(part, name) for part in maps for name in TITLES)
    if asked or any(part.get(key) is not None for part in maps for key in _KEYS) or (named and _STAGE.search(text)):
        return maps, found[1]
    return None
