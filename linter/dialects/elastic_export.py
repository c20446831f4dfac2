"""Kibana's exports of detection rules: one JSON document a line, an array of them, or a single one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from linter.dialects import elastic_filters, elastic_rule, jsondoc
from linter.dialects.document import Document, DocumentError, Path, Span
from linter.rule import Node, Problem, Reading, Rule
from linter.source import Source

MAX_PROBLEMS = 100  # of one file; one broken export has one cause
MAX_LINES = 200_000  # what comes behind them is not looked at
MAX_ITEMS = 500  # of an exception list
MAX_RULES = 5_000  # of one file; Elastic ships some 1,500 of them


def read(source: Source) -> Reading:
    """The rules of the text; lines that hold no rule (exceptions, connectors, the summary) are passed over."""
    rules: list[Rule] = []
    problems: list[Problem] = []
    exceptions = _exceptions(source) if '"entries"' in source.text else {}
    for start, end in _documents(source):
        if len(problems) >= MAX_PROBLEMS:
            break
        line = source.text[start:end]
        if '"rule_id"' not in line and '"ruleId"' not in line and line.lstrip()[:1] == "{" and line.rstrip()[-1:] == "}":
            continue
        try:
            document = jsondoc.load(source.text, start, end)
        except DocumentError as error:
            problems.append(Problem(error.message, error.start, error.end))
            continue
        for path in _rules(document):
            if len(rules) >= MAX_RULES:
                problems.append(Problem(f"more than {MAX_RULES} rules in one file; the rest is not read", start, start + 1))
                return Reading(tuple(rules), tuple(problems))
            seen, at = (document, path) if not _is_saved(document.get(*path)) else (_Saved.document(document, path), ())
            made = elastic_rule.read(source, seen, *at, exceptions=exceptions)
            if isinstance(made, Rule):
                rules.append(made)
            elif len(problems) < MAX_PROBLEMS:
                problems.append(made)
    return Reading(tuple(rules), tuple(problems))


def _documents(source: Source) -> Iterator[tuple[int, int]]:
    """The spans of the file's documents."""
    text = source.text
    first = list(islice(jsondoc.lines(text), 2))
    alone = len(first) > 1 and text[slice(*first[0])].rstrip().endswith("}") and text[first[1][0]] == "{"
    if source.path.lower().endswith(".ndjson") or alone:
        yield from islice(jsondoc.lines(text), MAX_LINES)
    else:
        yield 0, len(text)


def _rules(document: Document) -> Iterator[Path]:
    """The paths of the rules in a document: itself, its `attributes` (a saved object), the items of its array."""
    roots: list[Path] = [()]
    if isinstance(document.value, list):
        roots = [(index,) for index in range(len(document.value))]
    elif isinstance(document.get("rules"), list):
        roots = [("rules", index) for index in range(len(document.value["rules"]))]
    for root in roots:
        for path in (root, (*root, "attributes")):
            found = document.get(*path)
            if isinstance(found, dict) and (("rule_id" in found and elastic_rule.is_rule(found)) or _is_saved(found)):
                yield path
                break


# saved objects and bodies of the alerting API


def _is_saved(found: Any) -> bool:
    """Whether an object is a rule as Kibana's alerting framework keeps it: `params` with `ruleId`, in other spelling."""
    if not isinstance(found, dict) or not isinstance(found.get("params"), dict):
        return False
    kind = found.get("rule_type_id") or found.get("alertTypeId") or ""
    return "ruleId" in found["params"] and isinstance(kind, str) and kind.startswith("siem.")


class _Saved(Mapping[Path, Span]):
    """Places in such an object under the paths that an export of rules has (`rule_id` for `params.ruleId`)."""

    def __init__(self, spans: Mapping[Path, Span], base: Path, params: Mapping[str, str]) -> None:
        self.spans, self.base, self.params = spans, base, params

    def __getitem__(self, path: Path) -> Span:
        inside = path and isinstance(path[0], str) and path[0] in self.params
        inner = ("params", self.params[str(path[0])], *path[1:]) if inside else path
        return self.spans[(*self.base, *inner)]

    def __iter__(self) -> Iterator[Path]:
        return iter(())

    def __len__(self) -> int:
        return 0

    @classmethod
    def document(cls, document: Document, base: Path) -> Document:
        """The object at a path as a document of its own, shaped as an exported rule."""
        outer = document.get(*base)
        params = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower(): key for key in outer["params"]}
        value = {**{key: outer[key] for key in ("name", "tags") if key in outer}}
        value.update({name: outer["params"][key] for name, key in params.items()})
        values, keys = cls(document.values, base, params), cls(document.keys, base, params)
        return Document(document.text, value, values, keys, document.decode)


# exception lists


def _exceptions(source: Source) -> dict[str, list[Node]]:
    """By exception list, the condition of each of its items that the file holds."""
    found: dict[str, list[Node]] = {}
    for start, end in _documents(source):
        if '"entries"' not in source.text[start:end]:
            continue
        try:
            document = jsondoc.load(source.text, start, end)
        except DocumentError:
            continue  # told when the rules are read
        many = isinstance(document.value, list)
        for path in [(index,) for index in range(len(document.value))] if many else [()]:
            name, node = document.string(*path, "list_id"), None
            if name and isinstance(document.get(*path, "entries"), list):
                node = elastic_filters.entries(document, (*path, "entries"))
            if node is not None and len(found.setdefault(name, [])) < MAX_ITEMS:
                found[name].append(node)
    return found
