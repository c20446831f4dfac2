"""`siftlint parse`: the normalised rules as JSON."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from linter.commands.common import Chooser, files, write
from linter.dialects import registry
from linter.discover import look
from linter.reading import Unreadable
from linter.reporters.json import event
from linter.rule import Rule
from linter.source import Source


def run(args: Namespace) -> int:
    """Prints the document; 1 when something could not be read."""
    rules: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    choose = Chooser(args)
    for item in files(args):
        seen = None if isinstance(item, Unreadable) else look(item, choose.dialect_of(item))
        unreadable = item if isinstance(item, Unreadable) else seen.problem if seen else None
        if unreadable is not None:
            problems.append({"path": unreadable.path, "line": unreadable.position.line, "message": unreadable.message})
        elif seen is not None and seen.source is not None:
            reading = registry.read(seen.dialect, seen.source, choose(seen.path).fields)
            rules += [_rule(rule, seen.source) for rule in reading.rules]
            problems += [
                {"path": seen.path, "line": seen.source.position(problem.start).line, "message": problem.message}
                for problem in reading.problems
            ]
    document = {"version": 1, "rules": rules, "problems": problems}
    write(json.dumps(document, ensure_ascii=False, indent=1) + "\n", args.output)
    return int(bool(problems))


def _rule(rule: Rule, source: Source) -> dict[str, Any]:
    return {
        "path": rule.path,
        "id": rule.id,
        "title": rule.title,
        "dialect": rule.dialect,
        "vendor": rule.vendor,
        "techniques": [technique.id for technique in rule.techniques],
        "events": [event(item) for item in rule.events],
        "predicates": [
            {
                "field": predicate.field,
                "canonical": predicate.canonical,
                "op": predicate.op,
                "value": predicate.value,
                "negated": predicate.negated,
                "derived": predicate.derived,
                "mapping": predicate.mapping,
                "line": source.position(predicate.start).line,
            }
            for predicate in rule.predicates()
        ],
    }
