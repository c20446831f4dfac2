"""`siftlint suggest`: what rules like a rule exclude and it does not."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from linter import config, engine
from linter.commands.common import Chooser, catalogs, coloured, files, say, width, write
from linter.dialects import registry
from linter.discover import look
from linter.finding import AddExclusion
from linter.reading import Unreadable
from linter.reporters.clean import plain

if TYPE_CHECKING:
    from linter.catalog.load import Catalog
    from linter.catalog.noise import Noise
    from linter.catalog.rank import Suggestion
    from linter.rule import Rule
    from linter.source import Source

NAMED = 8  # rules that are named behind a suggestion in JSON
OPS = {
    "eq": "is", "startswith": "starts with", "endswith": "ends with", "null": "is empty (null)", "re": "matches",
    "like": "is like",
}  # fmt: skip


class Advice(NamedTuple):
    """What is suggested for one rule."""

    rule: Rule
    suggestions: tuple[Suggestion, ...]
    noise: Noise | None


def run(args: Namespace) -> int:
    """Prints the suggestions; 1 when something could not be read."""
    from linter.catalog.noise import noise
    from linter.catalog.rank import suggest

    settings = config.for_paths(args.paths)
    catalog = engine.catalog(catalogs(args.snapshot or settings.snapshot, settings.catalogs))
    advice: list[Advice] = []
    filters: list[str] = []
    problems: list[dict[str, Any]] = []
    choose = Chooser(args)
    for item in files(args):
        seen = None if isinstance(item, Unreadable) else look(item, choose.dialect_of(item))
        unreadable = item if isinstance(item, Unreadable) else seen.problem if seen else None
        if unreadable is not None:
            problems.append({"path": unreadable.path, "line": unreadable.position.line, "message": unreadable.message})
        elif seen is not None and seen.source is not None:
            reading = registry.read(seen.dialect, seen.source, choose(seen.path).fields)
            for rule in reading.rules:
                related = catalog.related_to(rule)
                known = None if args.format == "json" or args.as_filter else noise(rule, catalog, related)
                advice.append(Advice(rule, suggest(rule, catalog, args.limit, related), known))
                if args.as_filter:
                    filters += _filter(seen.source, advice[-1])
            problems += [
                {"path": seen.path, "line": seen.source.position(problem.start).line, "message": problem.message}
                for problem in reading.problems
            ]
    if args.as_filter:
        write("---\n".join(filters), args.output)
        say(*(f"{one['path']}:{one['line']}: {one['message']}" for one in problems))
    elif args.format == "json":
        document = {"version": 1, "rules": [_json(one, catalog) for one in advice], "problems": problems}
        write(json.dumps(document, ensure_ascii=False, indent=1) + "\n", args.output)
    else:
        lines = [line for one in advice for line in _text(one, catalog)]
        lines += [f"{plain(one['path'])}:{one['line']}: {plain(one['message'])}" for one in problems]
        write("".join(line + "\n" for line in lines), args.output)
    return int(bool(problems))


def _filter(source: Source, one: Advice) -> list[str]:
    """A Sigma filter document of a rule's suggestions; [] and a word on why where there is none."""
    from linter.dialects.edit.base import Refused
    from linter.dialects.edit.sigma_filter import as_filter

    wanted = [
        AddExclusion(*item.native, tuple((field, op, value) for field, op, value in item.extra)) for item in one.suggestions
    ]
    try:
        return [as_filter(source, one.rule, wanted)]
    except Refused as error:
        say(f"{one.rule.path}: {one.rule.title or one.rule.id}: no filter: {error}")
        return []


def _json(one: Advice, catalog: Catalog) -> dict[str, Any]:
    rows = []
    for item in one.suggestions:
        row: dict[str, Any] = {
            "field": item.native.field,
            "op": item.native.op,
            "value": item.native.value,
            "with": [{"field": field, "op": op, "value": value} for field, op, value in item.extra],
            "class": item.cls,
            "score": item.score,
            "rules_here": item.families,
            "rules": [
                {"vendor": rule.vendor, "id": rule.id, "title": rule.title} for rule in catalog.rules(item.rules[:NAMED])
            ],
        }
        row |= {name: text for name, text in (("label", item.label), ("caveat", item.caveat)) if text}
        rows.append(row)
    return {"path": one.rule.path, "id": one.rule.id, "suggestions": rows}


def _text(one: Advice, catalog: Catalog) -> Iterator[str]:
    bold, dim, end = ("\x1b[1m", "\x1b[2m", "\x1b[0m") if coloured() else ("", "", "")
    yield f"{bold}{plain(one.rule.title or one.rule.id, width())}{end}"
    yield f"{dim}{plain(one.rule.path)}{end}"
    if one.noise is not None:
        yield f"  {one.noise.sentence()}"
    if not one.suggestions:
        yield "  Rules like this one exclude nothing that would make sense here."
    for number, item in enumerate(one.suggestions, 1):
        parts = " and ".join(plain(_said(*part)) for part in (item.native, *item.extra))
        yield f"{number:>4}. {bold}{parts}{end}"
        why = item.label or f"excluded by {item.families} rule{'' if item.families == 1 else 's'}"
        yield f"      {dim}{why} · {item.cls.replace('_', ' ')} · {100 * item.score:.0f} in 100{end}"
        if item.caveat:
            yield f"      but {item.caveat}"
        for rule in catalog.rules(item.rules[:2]):
            yield f"      {dim}{rule.vendor:<8}{plain(rule.title or rule.id, width() - 14)}{end}"
    yield ""


def _said(field: str, op: str, value: str) -> str:
    return f"{field} {OPS.get(op, op)}" + (f" `{value}`" if op not in ("null", "exists") else "")
