"""Kibana's exports of detection rules: one JSON document a line, an array of them, or a single one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from linter.dialects import elastic_rule, jsondoc
from linter.dialects.document import Document, DocumentError, Path
from linter.rule import Problem, Reading, Rule
from linter.source import Source

MAX_PROBLEMS = 100  # of one file; one broken export has one cause
MAX_LINES = 200_000  # what comes behind them is not looked at
MAX_RULES = 5_000  # of one file; Elastic ships some 1,500 of them


def read(source: Source) -> Reading:
    """The rules of the text; lines that hold no rule (exceptions, connectors, the summary) are passed over."""
    rules: list[Rule] = []
    problems: list[Problem] = []
    for start, end in _documents(source):
        if len(problems) >= MAX_PROBLEMS:
            break
        line = source.text[start:end]
        if '"rule_id"' not in line and line.lstrip()[:1] == "{" and line.rstrip()[-1:] == "}":
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
            made = elastic_rule.read(source, document, *path)
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
            if isinstance(found, dict) and "rule_id" in found and elastic_rule.is_rule(found):
                yield path
                break
