"""Points at exclusions that swallow a whole way to match.

## What it does
Holds every exclusion against the ways in which the rule can match. It is reported when what one of them asks for already
says that the exclusion holds: the selection wants ` /add domain_admins` in a command line, the filter excludes ` /add `. It
is an error when nothing is left of the rule, a warning when one value that it looks for is lost. An exclusion that takes one
pair out of two lists is a plan, and fine.

## Why it matters
Such a rule, or such a part of it, never fires. It looks like coverage, passes every converter, and is silent on the day it
is needed.

## When to ignore
When the alternative is kept in the list on purpose although it is switched off by the filter for the time being.

## How it is counted
One finding an exclusion. It follows from the rule alone: this is provable. An exclusion counts only when all its conditions
follow; computed columns, own lists and encoded values follow from nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linter import logic
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.negations import Clause, Facts, Taken, facts_of, mixes_sources, taken
from linter.checks.said import said
from linter.finding import Finding
from linter.logic import Branches
from linter.rule import And, Predicate, leaves

CHECK = CheckInfo("self-defeating-exclusion", "an exclusion that swallows a whole way to match", "error")
Branch = tuple[Predicate, ...]


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding an exclusion that leaves nothing of the rule, or of a value that it looks for."""
    everything = taken(context)
    if not everything or mixes_sources(context):
        return
    facts = facts_of(context)
    told: set[tuple[int, int]] = set()
    for one in everything:
        clauses = [] if one.among else [clause for clause in one.clauses if facts.may_follow(one.beside, clause)]
        if not clauses:
            continue
        found = logic.tree_branches(And(one.beside))
        swallowed = _swallowed(facts, found.items, clauses)
        whole = found.complete and not one.path and len(swallowed) == len(found.items)
        groups: dict[tuple[str, str], list[tuple[Clause, Branch]]] = {}
        for clause, reasons in _told(facts, one, found, swallowed, clauses, whole):
            if clause.span not in told:
                told.add(clause.span)
                alone = clause.holds[0].field if len(clause.holds) == 1 else str(clause.span)
                groups.setdefault((clause.label, alone), []).append((clause, reasons))
        for group in groups.values() if not facts.spent else ():
            yield _finding(context, group, whole)


def _swallowed(facts: Facts, branches: Sequence[Branch], clauses: list[Clause]) -> dict[int, tuple[Clause, Branch]]:
    """By number of a branch: the first clause that follows from it, and from which of its conditions."""
    out: dict[int, tuple[Clause, Branch]] = {}
    for number, branch in enumerate(branches):
        for clause in clauses if not facts.spent else ():
            reasons = facts.follows(branch, clause)
            if reasons:
                out[number] = clause, reasons
                break
    return out


def _told(
    facts: Facts, one: Taken, found: Branches, swallowed: dict[int, tuple[Clause, Branch]], clauses: list[Clause], whole: bool
) -> Iterator[tuple[Clause, Branch]]:
    """The clauses to report, each with the conditions from which it follows.

    A clause of two fields that takes one pair out of two lists is a plan. It is none when a value is left in no pair.
    """
    if whole:
        yield swallowed[0]
        return
    if facts.spent:
        return
    inner = {id(leaf) for node in one.inner for leaf in leaves(node)}
    for clause in clauses:
        if len(clause.holds) == 1 and not clause.fails:
            known = next(
                (known for branch in found.items for known in facts.follows(branch, clause) if id(known) in inner), None
            )
            if known is not None:
                yield clause, (known,)
    if not found.complete:
        return
    alive = {id(leaf) for number, branch in enumerate(found.items) if number not in swallowed for leaf in branch}
    for clause, reasons in swallowed.values():
        if any(id(known) in inner and id(known) not in alive for known in reasons):
            yield clause, reasons


def _finding(context: RuleContext, group: list[tuple[Clause, Branch]], whole: bool) -> Finding:
    clause = group[0][0]
    first = (clause.holds or clause.fails)[0]
    exclusion = listed([listed(map(said, one.holds or one.fails), 4) for one, _ in group])
    asked = listed(dict.fromkeys(said(known) for _, reasons in group for known in reasons))
    lost = "nothing is left of the rule" if whole else "that way to match is lost"
    what = f"The exclusion {exclusion} always holds" if len(group) == 1 else f"The exclusions {exclusion} always hold"
    return context.finding(
        clause.span,
        f"{what} where the rule asks for {asked}: {lost}.",
        subject=(first.canonical, first.op, first.value),
        severity=None if whole else "warning",
    )


_RULE = """\
title: Account put into the domain administrators {number}
id: 0b7a2f4e-6c0d-4b4e-8a51-3c5d9e6f00{number}
tags: [attack.t1098]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: ['\\net.exe', '\\net1.exe']
    CommandLine|contains: ' /add domain_admins'
  filter_main_known:
    {filter}
  condition: selection and not 1 of filter_main_*
level: high
"""
_EQL = """\
[metadata]
creation_date = "2026/08/01"
[rule]
name = "Office program starts a script host {number}"
rule_id = "0b7a2f4e-6c0d-4b4e-8a51-3c5d9e6f10{number}"
type = "eql"
language = "eql"
index = ["logs-endpoint.events.process-*"]
query = '''
process where process.parent.name in ("winword.exe", "excel.exe") and process.executable == "C:\\\\Tools\\\\wscript.exe" and
  not (process.executable == {path} and process.parent.name == "excel.exe")
'''
"""
_KQL = """\
id: 0b7a2f4e-6c0d-4b4e-8a51-3c5d9e6f20{number}
name: Sign-in with an old protocol {number}
relevantTechniques: [T1078]
query: |
  SigninLogs
  | where ClientAppUsed in ("IMAP4", "POP3")
  | where ClientAppUsed {operator} "IMAP"
"""
VALID = (
    Example("The filter asks for more", _RULE.format(number="01", filter="CommandLine|contains: ' /add domain_admins_test'")),
    Example("Case counts in EQL's ==", _EQL.format(number="01", path='"C:\\\\Tools\\\\WScript.exe"'), dialect="elastic"),
    Example(
        "The parent counts too",
        _RULE.format(number="04", filter="{Image|endswith: '\\net1.exe', ParentImage|endswith: '\\net.exe'}"),
    ),
    Example("`has` asks for the whole word", _KQL.format(number="01", operator="!has"), dialect="kusto"),
)
INVALID = (
    Example(
        "What is excluded is a part of what is looked for",
        _RULE.format(number="02", filter="CommandLine|contains: ' /add '"),
        "nothing is left of the rule",
        10,
    ),
    Example(
        "One of two programs is lost",
        _RULE.format(number="03", filter="Image|endswith: '\\net1.exe'"),
        "that way to match is lost",
        10,
    ),
    Example("Elastic: a pair", _EQL.format(number="02", path='"C:\\\\Tools\\\\wscript.exe"'), "always holds", 11, "elastic"),
    Example("Kusto: a prefix", _KQL.format(number="02", operator="!startswith"), "IMAP4", 7, "kusto"),
)
