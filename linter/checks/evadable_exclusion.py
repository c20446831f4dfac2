"""Points at exclusions that an attacker can walk into, and shows an event that slips through.

## What it does
Looks for exclusions all of whose conditions are in the attacker's hands: a folder name that may stand anywhere in a path
(`\\Program Files\\` without a drive before it), a bare file name, a folder in which every user can write, a piece of a
command line. It then builds an event from a way in which the rule matches, puts the excluded text in, and evaluates the rule
on it. Only when the event is caught without the exclusion and missed with it is there a finding, and the event is shown.

## Why it matters
Filters are public, and they are the first thing that is tried: a copy of the tool under `C:\\Users\\Public\\Program
Files\\`, or one more harmless argument, and the rule is blind. A path that starts at its drive, or the name together with
its folder, closes most of these doors at no cost.

## When to ignore
When the detection is one of several layers and this one has to be quiet, or when another condition that siftlint does not
know of (a signature that the sensor verifies) stands behind the value. The regular persona only hears of exclusions on lines
that a change touches (`--changed-since`); the others are for the pedantic.

## How it is counted
One finding for the values of a filter on one field that are open in the same way. The event is proof that the rule misses
it; that it is within an attacker's reach is judged by the kind of the value. Where rules on the same events exclude an
anchored form of the same value, the finding names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from linter.catalog.load import Catalog
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.negations import Clause, Taken, mixes_sources, taken
from linter.checks.said import quoted, said
from linter.checks.witness import holds_paths, witness
from linter.finding import AnchorExclusion, Evidence, Finding
from linter.rule import Indicator, Predicate
from linter.taxonomy import values
from linter.taxonomy.schemas import base

CHECK = CheckInfo("evadable-exclusion", "an exclusion that an attacker can walk into", "advice")
_WRITABLE = (
    "\\users\\", "\\appdata\\", "\\temp\\", "\\programdata\\", "\\downloads\\", "\\public\\", "\\windows\\tasks\\", "/tmp/",
    "/home/", "/users/", "/var/tmp/", "/dev/shm/",
)  # fmt: skip
_GUARDED = (
    "\\programdata\\microsoft\\",
    "\\device\\harddiskvolume",
    "\\systemroot\\",
    "%system",
)  # not for every user, or anchored
_FILES = frozenset(
    ("Image", "ParentImage", "SourceImage", "ImageLoaded", "TargetFilename", "SourceFilename", "CurrentDirectory")
)
_ANYWHERE = "a folder of that name can be made anywhere"
_NAME = "any file can carry that name"
_OPEN = "every user can write there"
_TEXT = "whoever writes the command line can add that text"
MAX_OPTION = 16  # characters of an option of a command line
MAX_SHOWN = 3  # fields of the event, the excluded ones first


class Door(NamedTuple):
    """An exclusion in the attacker's hands: its NOT, its clause, its first leaf, and why it is."""

    one: Taken
    clause: Clause
    leaf: Predicate
    why: str


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding for the exclusions of a filter on one field that are open in the same way."""
    options = context.options
    if not (options.hears("pedantic") or options.changed) or mixes_sources(context):
        return
    groups: dict[tuple[str, str, str], list[Door]] = {}
    for one in taken(context):
        for clause in one.clauses:
            why = [door(leaf) for leaf in clause.holds]
            if why and all(why) and not clause.fails and not one.among:
                leaf = clause.holds[0]
                groups.setdefault((clause.label, leaf.field, why[0]), []).append(Door(one, clause, leaf, why[0]))
    for group in groups.values():
        touched = [one for one in group if _touched(context, one)]
        if touched or options.hears("pedantic"):
            yield from _finding(context, touched or group, bool(touched))


def door(leaf: Predicate) -> str:
    """How an attacker could make an excluded comparison hold, as a clause; "" where nothing is known against it."""
    if leaf.derived or leaf.listed or leaf.op in ("null", "exists", "re"):
        return ""
    field, value = base(leaf.canonical), leaf.value.lower()
    if any(folder in value for folder in _GUARDED):
        return ""
    if field in values.COMMAND_LINES:
        text = value.strip()
        if text[:1] in ("-", "/") and len(text) <= MAX_OPTION and not set(text) & set(" \\") and text.count("/") < 2:
            return ""  # an option does something: who adds it gets something else
        return _TEXT if leaf.op in ("contains", "endswith", "token") or (leaf.op == "like" and value.startswith("*")) else ""
    if field not in _FILES:
        return ""
    if leaf.op == "like":
        if value.startswith(("?:\\users\\", "c:\\users\\", "/tmp/", "/home/", "/users/", "/var/tmp/", "/dev/shm/")):
            return _OPEN
        if "\\" not in value and "/" not in value:
            return _NAME
        return "" if value[1:3] == ":\\" or value.startswith("/") else _ANYWHERE
    if leaf.op in ("eq", "startswith", "contains", "endswith") and any(folder in value for folder in _WRITABLE):
        return (
            _OPEN if leaf.op != "eq" or "\\appdata\\" in value or value.startswith(("/tmp/", "/var/tmp/", "/dev/shm/")) else ""
        )
    folder, name = values.cut(value)
    if leaf.op in ("eq", "endswith") and len(folder) <= 1 and name and "." in name[1:]:
        return _NAME
    anchored = value.startswith("/") if leaf.op != "contains" and "/" in value else ":\\" in value[:3]
    return _ANYWHERE if leaf.op in ("contains", "endswith") and len(folder) > 1 and not anchored else ""


def _touched(context: RuleContext, one: Door) -> bool:
    lines = [context.source.position(leaf.start).line for leaf in one.clause.holds]
    return any(context.options.touches(line, line) for line in lines)


def _finding(context: RuleContext, group: list[Door], touched: bool) -> Iterator[Finding]:
    """The finding on the first of some doors through which an event goes; nothing when none does."""
    for one in group[:8]:
        event = witness(context.rule, one.one, one.clause)
        if event is not None:
            break
    else:
        return
    leaf = one.leaf
    own = {part.field for part in one.clause.holds}
    shown = [pair for pair in event if pair[0] in own] + [pair for pair in event if pair[0] not in own]
    text = listed((f"{field} {quoted(value)}" for field, value in shown), MAX_SHOWN)
    more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
    clause = " and ".join(said(part) for part in one.clause.holds)
    intent, evidence, hint = _anchored(context, leaf)
    yield context.finding(
        (leaf.start, leaf.end),
        f"The exclusion {clause}{more} is open to an attacker: {one.why}. This event slips through: {text}.{hint}",
        subject=(leaf.canonical, leaf.op, leaf.value),
        evidence=evidence,
        intent=intent,
        persona="regular" if touched else "pedantic",
    )


def _anchored(context: RuleContext, leaf: Predicate) -> tuple[AnchorExclusion | None, Evidence | None, str]:
    """The anchored form that other rules on the same events use, the rules, and a sentence; None where there is none."""
    if base(leaf.canonical) not in values.PATHS or not holds_paths(leaf, context.rule):
        return None, None, ""
    catalog = context.catalog
    wanted = _tail(leaf)
    best: tuple[int, Indicator, list[str]] | None = None
    for cls in context.rule.classes:
        for indicator, handles in _forms(catalog, cls).get((base(leaf.canonical), wanted), ()):
            others = [handle for handle in handles if handle not in context.related]
            count = catalog.families(others)
            if count and (best is None or count > best[0]):
                best = count, indicator, others
    if best is None:
        return None, None, ""
    count, indicator, others = best
    written = catalog.written(indicator)
    if written[:3].lower() == "c:\\":
        written = "C:\\" + written[3:]
    rules = tuple(rule.ref for rule in catalog.rules(others[:5]))
    shown = {"startswith": "starting with", "eq": "="}[indicator.op]
    who = "another rule on such events excludes" if count == 1 else f"{count} other rules on such events exclude"
    hint = f" Anchored, as {who} it: {shown} {quoted(written)}."
    return AnchorExclusion(indicator.op, written, leaf.start, leaf.end), Evidence(count, None, count, None, rules), hint


def _tail(leaf: Predicate) -> str:
    """What an anchored form of a leaf has behind its drive (a folder) or its folder (a file name)."""
    return leaf.value.lower().strip("*").lstrip("\\/")


@lru_cache(maxsize=8)
def _forms(catalog: Catalog, cls: str) -> dict[tuple[str, str], list[tuple[Indicator, tuple[str, ...]]]]:
    """The anchored paths that the rules of a class exclude, by (field, what a leaf without the anchor says)."""
    out: dict[tuple[str, str], list[tuple[Indicator, tuple[str, ...]]]] = {}
    for row in catalog.event_class(cls).exclusions():
        field, op, value = row.indicator
        if op not in ("startswith", "eq") or not field.endswith(".path") or not value.startswith(("c:\\", "/")):
            continue
        if any(folder in value for folder in _WRITABLE):
            continue
        keys = {value.partition("\\")[2] or value[1:]}
        if op == "eq":
            keys.add(values.cut(value)[1])
        for key in keys - {""}:
            out.setdefault((base(field), key), []).append((row.indicator, row.rules))
    return out


_RULE = """\
title: Scheduled task made from a command line {number}
id: 4e5b8c1a-93f2-4f7d-8f0e-6b1d2c3a00{number}
tags: [attack.t1053.005]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: '\\schtasks.exe'
    CommandLine|contains: ' /create '
  filter_main_agent:
    {filter}
  condition: selection and not 1 of filter_main_*
level: medium
"""
_EQL = """\
[metadata]
creation_date = "2026/08/01"
[rule]
name = "Archive made of a mail store {number}"
rule_id = "4e5b8c1a-93f2-4f7d-8f0e-6b1d2c3b00{number}"
type = "eql"
language = "eql"
index = ["logs-endpoint.events.process-*"]
query = '''
process where host.os.type == "windows" and process.name : "7z.exe" and process.command_line : "*.pst*" and
  not process.parent.{filter}
'''
"""
VALID = (
    Example(
        "A path that starts at its drive",
        _RULE.format(number="01", filter="ParentImage|startswith: 'C:\\Program Files\\ExampleAgent\\'"),
        persona="pedantic",
    ),
    Example(
        "Regular: lines that did not change", _RULE.format(number="02", filter="ParentImage|endswith: '\\exampleagent.exe'")
    ),
    Example(
        "An account that an attacker does not have",
        _RULE.format(number="03", filter="{ParentImage|endswith: '\\exampleagent.exe', User: 'EXAMPLE\\svc-tasks'}"),
        persona="pedantic",
    ),
)
INVALID = (
    Example(
        "A folder without its drive",
        _RULE.format(number="04", filter="ParentImage|contains: '\\Program Files\\ExampleAgent\\'"),
        "ParentImage `C:\\Users\\Public\\Program Files\\ExampleAgent\\x.exe`",
        10,
        persona="pedantic",
    ),
    Example(
        "A piece of the command line",
        _RULE.format(number="05", filter="CommandLine|contains: 'ExampleAgent'"),
        "CommandLine ` /create ExampleAgent`",
        10,
        persona="pedantic",
    ),
    Example(
        "Elastic: a bare file name",
        _EQL.format(number="01", filter='name : "exampleagent.exe"'),
        "any file",
        11,
        "elastic",
        "pedantic",
    ),
)
