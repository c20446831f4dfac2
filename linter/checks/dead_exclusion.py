"""Points at exclusions that take nothing away.

## What it does
Holds every exclusion against the conditions that stand beside it. It is reported when each way in which the rule can match
rules it out already: the rule asks for `Image` ending in `\\powershell.exe`, and the filter excludes `\\java.exe`. So is an
exclusion that contradicts itself. The pedantic persona hears, as advice, of two more that do no harm: an exclusion that
another one covers completely, and one of an empty value where the rule asks for the field.

## Why it matters
A filter that filters nothing gives false comfort: whoever wrote it meant to silence something that goes on firing. Most
often the field is the wrong one (the program where its parent was meant), or the selection changed and the filter was left
behind.

## When to ignore
When the exclusion is kept for a copy of the rule with other selections that is built from this one.

## How it is counted
One finding for the values of a filter that are dead for the same reason. It follows from the rule alone: this is provable.
What siftlint cannot prove is left alone: fields that hold lists, computed columns, own lists, encoded values, regular
expressions other than on a constant. Case counts where the rule's language says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linter.checks import matching
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.negations import Clause, Facts, Taken, facts_of, mixes_sources, taken
from linter.checks.said import said
from linter.finding import Finding
from linter.rule import Predicate
from linter.taxonomy.classes import classify

CHECK = CheckInfo("dead-exclusion", "an exclusion that takes nothing away", "warning")
MAX_COVERED = 300  # clauses of one NOT, and of those that stand with it, that are held against each other


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a dead exclusion, in the order of the rule."""
    everything = taken(context)
    if not everything or mixes_sources(context):
        return
    facts = facts_of(context)
    dead, alive = _sorted_out(facts, everything)
    if facts.spent:
        return
    if dead:
        yield from _ruled_out(context, everything, dead, alive)
    if context.options.hears("pedantic"):
        yield from _covered(context, facts, everything, dead)


class _Reason(NamedTuple):
    """Why a clause can't hold: its leaf, and the conditions of which one always stands against it."""

    leaf: Predicate
    against: tuple[Predicate, ...]


def _reason(facts: Facts, one: Taken, clause: Clause) -> _Reason | None:
    """Why a clause can't hold; None when it can."""
    if facts.spent:
        return None
    for leaf in clause.holds:
        field = matching.key(leaf)
        for node in one.beside:
            found = field in facts.on(node) and facts.against(node, Clause((leaf,), (), "", True))
            if found:
                return _Reason(leaf, found)
    for node in one.beside if len(clause.holds) > 1 or clause.fails else ():
        found = facts.against(node, clause)
        if found:
            return _Reason((clause.holds or clause.fails)[0], found)
    for known in clause.holds:
        for leaf in clause.holds:
            if leaf is not known and facts.says(known, leaf) is False:
                return _Reason(leaf, (known,))
        for leaf in clause.fails:
            if facts.says(known, leaf) is True:
                return _Reason(leaf, (known,))
    return None


_Place = tuple[int, int, str, str, str]


def _place(leaf: Predicate) -> _Place:
    return leaf.start, leaf.end, leaf.field, leaf.op, leaf.value


def _sorted_out(facts: Facts, everything: tuple[Taken, ...]) -> tuple[dict[int, _Reason], frozenset[_Place]]:
    """Clauses that can't hold (by identity, with the reason), and the leaves that stand in one that can.

    A selection may be used by several conditions: a leaf is dead when it is in all of them.
    """
    dead: dict[int, _Reason] = {}
    alive: set[_Place] = set()
    for one in everything:
        for clause in one.clauses if not facts.spent else ():
            reason = _reason(facts, one, clause)
            if reason is not None:
                dead[id(clause)] = reason
            if reason is None or not clause.whole:
                alive.update(_place(leaf) for leaf in (*clause.holds, *clause.fails))
    return dead, frozenset(alive)


def _ruled_out(
    context: RuleContext, everything: tuple[Taken, ...], dead: dict[int, _Reason], alive: frozenset[_Place]
) -> Iterator[Finding]:
    """Leaves that stand in dead clauses only, those that are dead for the same reason together."""
    groups: dict[tuple[bool, str, str, tuple[Predicate, ...]], dict[_Place, Predicate]] = {}
    for one in everything:
        for clause in one.clauses:
            reason = dead.get(id(clause))
            if reason is not None and _place(reason.leaf) not in alive:
                leaf = reason.leaf
                absent = leaf.op == "null" or classify(leaf.canonical, leaf.op, leaf.value) == "empty_value"
                key = (absent, clause.label, leaf.field, reason.against)
                groups.setdefault(key, {}).setdefault(_place(leaf), leaf)
    for (absent, _, _, against), found in groups.items():
        leaves = sorted(found.values(), key=lambda leaf: leaf.start)
        first = leaves[0]
        yield context.finding(
            (first.start, first.end),
            _message(leaves, against),
            subject=(first.canonical, first.op, first.value),
            severity="advice" if absent else None,  # written for logs that lack the field: a habit that harms nobody
            persona="pedantic" if absent else None,
        )


def _message(leaves: list[Predicate], against: tuple[Predicate, ...]) -> str:
    several = len(leaves) > 1
    what = f"The exclusion{'s' if several else ''} {listed(dict.fromkeys(map(said, leaves)))}"
    why = listed(dict.fromkeys(map(said, against)), 2, "or")
    if against[0].excluded:
        return f"{what} can never hold: the same exclusion asks for {why} too."
    if not leaves[0].negated:
        return f"{what} {'stand' if several else 'stands'} under a NOT of their own, and {why} always fulfils it."
    return f"{what} can never apply: the rule asks for {why} beside {'them' if several else 'it'}."


def _covered(context: RuleContext, facts: Facts, everything: tuple[Taken, ...], dead: dict[int, _Reason]) -> Iterator[Finding]:
    """Clauses all of which another one takes away."""
    covered: dict[_Place, tuple[Predicate, Clause]] = {}
    uncovered: set[_Place] = set()
    for one in everything:
        for clause in one.clauses:
            if id(clause) in dead or len(clause.holds) != 1 or clause.fails or not clause.whole or one.among:
                uncovered.update(_place(leaf) for leaf in clause.holds)
                continue
            leaf = clause.holds[0]
            wider = _wider(facts, everything, one, clause)
            if wider is None or (context.rule.dialect == "splunk" and leaf.native.startswith("!")):
                uncovered.add(_place(leaf))
            else:
                covered[_place(leaf)] = leaf, wider
    for place, (leaf, wider) in covered.items():
        if place not in uncovered and not facts.spent:
            other = wider.holds[0]
            yield context.finding(
                (leaf.start, leaf.end),
                f"The exclusion {said(leaf)} adds nothing: {said(other)} is excluded as well, which covers it.",
                subject=(other.canonical, "covered", leaf.value),
                severity="advice",
                persona="pedantic",
            )


def _wider(facts: Facts, everything: tuple[Taken, ...], one: Taken, clause: Clause) -> Clause | None:
    """Another clause that takes away all of this one wherever this one counts. Of two equal ones the later is covered."""
    leaf = clause.holds[0]
    for other in everything:
        if other.tree != one.tree or other.among or one.path[: len(other.path)] != other.path:
            continue
        for wider in other.clauses[:MAX_COVERED]:
            if wider is clause or len(wider.holds) != 1 or wider.fails:
                continue
            known = wider.holds[0]
            if _place(known) == _place(leaf) or facts.says(leaf, known) is not True:
                continue
            if facts.says(known, leaf) is True and (known.start, known.end) >= (leaf.start, leaf.end):
                continue
            return wider
    return None


_RULE = """\
title: Script host starts an encoded command {number}
id: 6a3c1c64-0d5b-4a52-9d6e-7f0f1b7a00{number}
tags: [attack.t1059.001]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: ['\\powershell.exe', '\\pwsh.exe']
    CommandLine|contains: ' -enc '
  filter_main_agent:
    {filter}
  condition: selection and not 1 of filter_main_*
level: high
"""
_EQL = """\
[metadata]
creation_date = "2026/08/01"
[rule]
name = "Shell started by an office program {number}"
rule_id = "6a3c1c64-0d5b-4a52-9d6e-7f0f1b7b00{number}"
type = "eql"
language = "eql"
index = ["logs-endpoint.events.process-*"]
query = '''
process where host.os.type == "windows" and process.name : "cmd.exe" and process.parent.name : "winword.exe" and
  not process.{field} : "exampleupdater.exe"
'''
[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
name = "Command and Scripting Interpreter"
reference = "https://attack.mitre.org/techniques/T1059/"
"""
_KQL = """\
id: 6a3c1c64-0d5b-4a52-9d6e-7f0f1b7c00{number}
name: Account added to a group {number}
relevantTechniques: [T1098]
query: |
  SecurityEvent
  | where EventID in (4728, 4732)
  | where not(EventID == {event} and SubjectUserName endswith "$")
"""
VALID = (
    Example("The parent is excluded", _RULE.format(number="01", filter="ParentImage|endswith: '\\exampleagent.exe'")),
    Example("One of two programs is excluded", _RULE.format(number="03", filter="Image|endswith: '\\powershell.exe'")),
    Example("Elastic: any argument may be another", _EQL.format(number="01", field="args"), dialect="elastic"),
    Example("Kusto: one of the events", _KQL.format(number="01", event="4732"), dialect="kusto"),
)
INVALID = (
    Example(
        "The program is excluded where its parent was meant",
        _RULE.format(number="02", filter="Image|endswith: '\\exampleagent.exe'"),
        "can never apply",
        10,
    ),
    Example("Elastic: the wrong process", _EQL.format(number="02", field="name"), "can never apply", 11, "elastic"),
    Example("Kusto: an event that is not selected", _KQL.format(number="02", event="4756"), "can never apply", 7, "kusto"),
    Example(
        "Another exclusion covers it",
        _RULE.format(number="04", filter="ParentImage|startswith: ['C:\\Example\\bin\\', 'C:\\Example\\']"),
        "adds nothing",
        10,
        persona="pedantic",
    ),
)
