"""Points at exclusions so broad that they hide much more than a false positive.

## What it does
Looks for exclusions whose every condition is broad: a drive, the whole Windows, Program Files or Users folder, an extension
of programs, a text of one sign, half of the Internet, where the rule asks nothing of the same field. Silent when three
independent rules on the same events exclude exactly the same, and for rules whose negation is the detection (a program
outside its folder).

## Why it matters
Most attacks run from, through or as something that lives in such a folder. Who excludes `C:\\Windows\\` as a program's place
has excluded every built-in tool that attackers use.

## When to ignore
When the rule is about something that only happens elsewhere, and says so.

## How it is counted
One finding for the broad values of a filter on one field, for the pedantic persona. Other rules are counted as independent
families, near-copies once, copies of the rule itself never.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.catalog.model import exact_forms
from linter.checks import matching
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.negations import facts_of, taken
from linter.checks.said import said
from linter.finding import Evidence, Finding
from linter.rule import Predicate
from linter.taxonomy import values
from linter.taxonomy.schemas import base

CHECK = CheckInfo(
    "broad-exclusion", "an exclusion that hides more than a false positive", "advice", "pedantic", "medium", statistical=True
)
_FOLDERS = frozenset((
    "", "windows", "winnt", "users", "program files", "program files (x86)", "program files*", "program",
    "programdata", "appdata", "usr", "usr/bin", "bin", "sbin", "opt", "home", "var", "etc", "library", "system",
    "applications", "users/*", "home/*",
))  # fmt: skip
_EXTENSIONS = frozenset((".exe", ".dll", ".sys", ".com", "exe", "dll"))
USUAL = 3  # independent rules on the same events that exclude the same


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding for the broad exclusions of a filter on one field."""
    facts = facts_of(context)
    groups: dict[tuple[str, str], dict[tuple[int, int], Predicate]] = {}
    for one in taken(context):
        asked = {field for node in one.beside for field in facts.on(node)}
        for clause in one.clauses:
            parts = clause.holds
            if parts and not clause.fails and all(is_broad(leaf) and matching.key(leaf) not in asked for leaf in parts):
                groups.setdefault((clause.label, parts[0].field), {}).setdefault(clause.span, parts[0])
    if not groups:
        return
    from linter.catalog import kinds

    if kinds.defines(context.rule):
        return
    for found in groups.values():
        unusual = [leaf for leaf in found.values() if _others(context, leaf) < USUAL]
        if unusual:
            yield _finding(context, unusual)


def _finding(context: RuleContext, found: list[Predicate]) -> Finding:
    first, several = found[0], len(found) > 1
    others = _others(context, first)
    who = "No other rule" if not others else "One other rule" if others == 1 else f"{others} other rules"
    return context.finding(
        (first.start, first.end),
        f"The exclusion{'s' if several else ''} {listed(map(said, found))} {'hide' if several else 'hides'} {_what(first)}. "
        f"{who} on such events {'exclude' if others > 1 else 'excludes'} {'the first of them' if several else 'it'}.",
        subject=(first.canonical, first.op, first.value),
        evidence=Evidence(others, None, others),
    )


def is_broad(leaf: Predicate) -> bool:
    """Whether a comparison holds for a large part of all ordinary values of its field."""
    if leaf.derived or leaf.listed or not leaf.field:
        return False
    op, value, field = leaf.op, leaf.value.lower(), base(leaf.canonical)
    if op == "cidr":
        bits = value.rpartition("/")[2]
        return bits.isdigit() and int(bits) < 8 and ":" not in value
    if op not in ("contains", "startswith", "endswith", "like"):
        return False
    if field in values.PATHS:
        if (
            op == "endswith"
            and value.strip("*") in _EXTENSIONS
            and field in ("Image", "ParentImage", "SourceImage", "ImageLoaded")
        ):
            return True
        folder = _folder(value)
        return op != "endswith" and folder in _FOLDERS and (bool(folder) or op == "contains" or ":" in value or "/" in value)
    return field in values.COMMAND_LINES and op == "contains" and len(value.strip()) == 1 and value.strip().isalnum()


def _folder(value: str) -> str:
    """A folder without its drive and outer separators."""
    text = value.strip("*").replace("\\\\", "\\")
    if text[1:3] == ":\\":
        text = text[2:]
    return text.lstrip(":").strip("\\/ ").removesuffix("\\*")


def _what(leaf: Predicate) -> str:
    field = base(leaf.canonical)
    if leaf.op == "cidr":
        return "a large part of all addresses"
    if field not in values.PATHS:
        return "nearly every command line"
    if leaf.op == "endswith":
        return "nearly every file that the field can name"
    folder = _folder(leaf.value.lower())
    if not folder:
        return "all that has a path" if ":" not in leaf.value else "all on that drive"
    if folder.startswith("program"):
        return "all that is installed, browsers, interpreters and remote tools among it"
    return "all below that folder, with the tools that attackers use"


def _others(context: RuleContext, leaf: Predicate) -> int:
    """How many independent rules on the same events exclude the same."""
    catalog = context.catalog
    mates = frozenset(handle for cls in context.rule.classes for handle in catalog.event_class(cls).handles)
    found: set[str] = set()
    for indicator in exact_forms(leaf):
        row = catalog.excluders(indicator, context.related)
        found.update(row.rules if row else ())
    return catalog.families(found & mates)


_RULE = """\
title: Handle to the credential store opened {number}
id: 8d0f4f0e-7f1a-4f44-8ce4-1f0a5b6c00{number}
tags: [attack.t1003.001]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    CommandLine|contains: 'sekurlsa'
  filter_main_known:
    {filter}
  condition: selection and not 1 of filter_main_*
level: high
"""
VALID = (
    Example(
        "A folder of one product",
        _RULE.format(number="01", filter="Image|startswith: 'C:\\Program Files\\ExampleAgent\\'"),
        persona="pedantic",
    ),
    Example(
        "A part of a clause that asks for more",
        _RULE.format(number="02", filter="{GrandParentImage|startswith: 'C:\\Windows\\', User|endswith: '$'}"),
        persona="pedantic",
    ),
)
INVALID = (
    Example(
        "All that is installed",
        _RULE.format(number="03", filter="GrandParentImage|contains: ':\\Program Files'"),
        "all that is installed",
        9,
        persona="pedantic",
    ),
    Example(
        "A whole drive",
        _RULE.format(number="04", filter="ParentImage|startswith: 'C:\\'"),
        "all on that drive",
        9,
        persona="pedantic",
    ),
)
