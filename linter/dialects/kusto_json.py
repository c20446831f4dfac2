"""Rules in JSON: ARM templates (nested ones too), exports (`alertRules`, `savedSearches`), Defender's custom detections."""

from __future__ import annotations

import re
from typing import Any

from linter.dialects import jsondoc
from linter.dialects.document import Document, DocumentError, Path
from linter.dialects.draft import Draft
from linter.dialects.kusto_rule import describe, rule
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence
from linter.rule import Problem, Reading
from linter.source import Source

_TYPES = ("alertrules", "alertruletemplates", "savedsearches", "huntingqueries", "scheduledqueryrules")
_KEYS = ("severity", "tactics", "queryFrequency", "relevantTechniques", "techniques", "triggerOperator")
MAX_RULES = 20_000
_MAX_STEPS = 8  # a variable may name another
_NAMED = re.compile(r"\[\s*(variables|parameters)\s*\(\s*'([^']{1,200})'\s*\)\s*\]", re.IGNORECASE)


def read(source: Source) -> Reading:
    """The rules of a JSON file."""
    text = source.text
    try:
        document = jsondoc.load(text)
    except DocumentError as error:
        return Reading((), (Problem(error.message, error.start, error.end),))
    rules, problems = [], []
    for path in _found(document):
        draft = Draft(source.path, "kusto")
        problem = _rule(document, path, draft)
        if problem is not None:
            problems.append(problem)
        else:
            rules.append(draft.finish())
    if not rules and not problems:
        problems.append(Problem("the file holds no rule with a query", 0, min(1, len(text))))
    return Reading(tuple(rules), tuple(problems))


def _found(document: Document) -> list[Path]:
    """The paths of the objects that are rules, in order; nothing inside a rule is looked at."""
    out: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), document.value)]
    while stack and len(out) < MAX_RULES:
        path, value = stack.pop()
        if isinstance(value, dict):
            if _query(value) is not None:
                out.append(path)
                continue
            stack.extend([((*path, key), item) for key, item in reversed(value.items()) if isinstance(item, dict | list)])
        elif isinstance(value, list):
            stack.extend(
                [((*path, at), value[at]) for at in range(len(value) - 1, -1, -1) if isinstance(value[at], dict | list)]
            )
    return out


def _query(value: dict[str, Any]) -> Path | None:
    """The path of the query in a rule's object, None when it is no rule."""
    inner = value.get("properties")
    kind = str(value.get("type", "")).rpartition("/")[2].lower()
    if isinstance(inner, dict) and isinstance(inner.get("query"), str) and (kind in _TYPES or "displayName" in inner):
        return ("properties", "query")
    condition = value.get("queryCondition")
    if isinstance(condition, dict) and isinstance(condition.get("queryText"), str):
        return ("queryCondition", "queryText")
    if isinstance(value.get("query"), str) and ("displayName" in value or "name" in value) and not inner:
        if any(
            key in value
            for key in ("severity", "tactics", "queryFrequency", "relevantTechniques", "techniques", "triggerOperator")
        ):
            return ("query",)
        if "category" in value and "tags" in value:
            return ("query",)
    return None


def _rule(document: Document, path: Path, draft: Draft) -> Problem | None:
    value = document.get(*path)
    at = _query(value)
    assert at is not None
    whole = (*path, *at)
    holder = whole[:-1]
    alert = (*path, "detectionAction", "alertTemplate")
    maps: list[Mapping] = []
    for where in (holder, alert, path) if at[0] == "properties" else (path, alert, holder):
        if isinstance(document.get(*where), dict) and not any(made.start == document.span(*where)[0] for made in maps):
            maps.append(_mapping(document, where))
    found = _said(document, whole)
    if found is None:  # known when the template is deployed; what else the rule says of itself is read
        describe(draft, maps)
        return None
    whole = found
    span = document.span(*whole)
    text = document.string(*whole)
    place = document.embedded(*whole)
    return rule(draft, maps, Scalar(text, *span, '"'), place)


def _said(document: Document, path: Path) -> Path | None:
    """Where the text at a path of a template is: there, or at the variable or the parameter's default that it names.

    None for any other template expression, which is not evaluated.
    """
    for _ in range(_MAX_STEPS):
        text = document.string(*path)
        if not (text.startswith("[") and text.endswith("]")) or text.startswith("[["):
            return path
        named = _NAMED.fullmatch(text)
        if named is None:
            return None
        behind = (named[1].lower(), named[2], *(("defaultValue",) if named[1].lower() == "parameters" else ()))
        places = [(*path[:size], *behind) for size in range(len(path), -1, -1)]
        where = next((place for place in places if isinstance(document.get(*place), str)), None)
        if where is None:
            return None
        path = where
    return None


def _mapping(document: Document, path: Path) -> Mapping:
    """An object as a node, its scalars and lists of scalars and flat objects; what lies deeper is left out."""
    items: list[tuple[Scalar, Node]] = []
    for key, value in document.get(*path).items():
        start, end = document.keys.get((*path, key), document.span(*path))
        node = _node(document, (*path, key), value, 2)
        if node is not None and not (key == "name" and str(value).startswith("[")) and not (key == "id" and "/" in str(value)):
            items.append((Scalar(key, start, end, '"'), node))
    return Mapping(items, *document.span(*path), True)


def _node(document: Document, path: Path, value: Any, depth: int) -> Node | None:
    start, end = document.span(*path)
    if isinstance(value, str):
        return Scalar(value, start, end, '"')
    if isinstance(value, dict) and depth:
        nodes = [(key, _node(document, (*path, key), item, depth - 1)) for key, item in value.items()]
        return Mapping([(Scalar(key, start, start, '"'), node) for key, node in nodes if node is not None], start, end, True)
    if isinstance(value, list) and depth:
        made = [_node(document, (*path, at), item, depth - 1) for at, item in enumerate(value)]
        return Sequence([node for node in made if node is not None], start, end, True)
    if isinstance(value, dict | list) or value is None:
        return None
    return Scalar(str(value), start, end, "")
