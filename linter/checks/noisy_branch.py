"""Points at a way to match that rests on nothing but indicators which many other rules use.

## What it does
Takes the rule apart into its branches: every combination of alternatives by which it can match. A branch is reported when all
that it asks for is common in the catalog: a program, a word or an event that a great many rules look at, and that nearly all of
them combine with something else. The other branches of the rule may be as precise as they like.

## Why it matters
A rule is as noisy as its loosest branch. `cmd.exe` started, a logon happened, a script block was written: by itself this is
ordinary activity, and an alternative that asks for nothing more drowns the precise ones beside it.

## When to ignore
When the log source itself is rare (a honeypot, a host that nobody should use), or when another stage narrows the rule down.

## How it is counted
Reach is the number of rules in the whole catalog, of any technique and vendor, that look for the indicator. It has to be one
rule in 250 at least, also among the rules on the same events; a pair of indicators is judged by the rules that look for
both. An event id counts as an indicator, with the rules on that channel and id. Nine in ten of those rules have to combine
it with another field, or the check is silent. So it is where siftlint cannot tell: regular expressions, numbers, ranges,
computed columns, own lists, and rules whose negation is the detection (a renamed program, an uncommon parent). Copies of
the rule do not count. Only the auditor hears of searches in SPL and KQL, where what follows the filter often decides, and of
rules on several events, where the others narrow it down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from linter import logic
from linter.catalog.load import Catalog
from linter.catalog.tally import base
from linter.checks.base import CheckInfo, Counted, Example, RuleContext, listed
from linter.finding import Evidence, Finding
from linter.rule import Indicator, Predicate, Rule
from linter.taxonomy import values

CHECK = CheckInfo(
    "noisy-branch", "a way to match that rests on common indicators alone", "advice", confidence="medium", statistical=True
)
MAX_BRANCHES = 256
SHARE = 250  # one rule in so many uses what is called common
COMBINED = 0.9  # of the rules that use it, so many combine it with another field
MOST = 400  # rules that are looked at for what they combine
SHOWN = 8
SOURCES = ("Channel", "Provider_Name", "host.os.type", "metadata.event_type")  # say no more than the log source does
STARTS = (("event.type", "start"), ("event.category", "process"))
UNJUDGED = ("re", "cidr", "gt", "gte", "lt", "lte", "null", "exists")
KINDS = ("rule", "building_block", "base")
PIPED = ("splunk", "kusto")


class Common(NamedTuple):
    """A predicate whose every form is common: its field, what messages call it, the rules that use it."""

    field: str
    name: str
    users: frozenset[str]
    indicator: Indicator


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding for each set of fields on which a loose branch rests."""
    rule = context.rule
    if rule.kind not in KINDS or not rule.trees:
        return
    judge = _Judge(rule, context.catalog)
    # Nearly all rules are told apart by the first question, which needs no look-up.
    if not all(logic.matches_by(tree, judge.may_be_common) and logic.matches_by(tree, judge.may_rest) for tree in rule.trees):
        return
    loose: dict[tuple[str, ...], list[tuple[tuple[Predicate, ...], list[Common]]]] = {}
    for branch in logic.branches(rule, MAX_BRANCHES).items:
        found = judge.branch(branch)
        if found:
            loose.setdefault(tuple(sorted({one.field for one in found})), []).append((branch, found))
    if not loose:
        return
    from linter.catalog import kinds

    if kinds.defines(rule):
        return
    for ways in loose.values():
        finding = _finding(context, ways)
        if finding is not None:
            yield finding


class _Judge:
    """Which predicates of a rule are common, each asked once."""

    def __init__(self, rule: Rule, catalog: Catalog) -> None:
        self.rule = rule
        self.catalog = catalog
        self.least = max(10, catalog.total // SHARE)
        classes = rule.classes
        # Its users on any of the classes are as many as that only where those on some class are their part of it.
        part = -(-self.least // max(1, len(classes)))
        self.frequent = [_frequent(catalog, cls, part) for cls in classes] if part > 1 else None
        self.known: dict[tuple[str, str, str], Common | None] = {}

    @cached_property
    def mates(self) -> frozenset[str]:
        """The rules on the same events."""
        first, *others = [self.catalog.event_class(cls).handles for cls in self.rule.classes] or [frozenset()]
        return first.union(*others) if others else first

    def may_be_common(self, predicate: Predicate) -> bool:
        """Whether a loose branch may have this in it, as far as the most frequent indicators of its events tell."""
        if predicate.canonical == "EventID":
            return True
        if values.is_selector(predicate.canonical):
            return _is_source(predicate)
        return self._is_frequent(predicate)

    def may_rest(self, predicate: Predicate) -> bool:
        """Whether a loose branch may have this in it."""
        return self.may_be_common(predicate) and (_is_selector(predicate) or self.common(predicate) is not None)

    def _is_frequent(self, predicate: Predicate) -> bool:
        """Whether so many rules on the same events may use it."""
        if not predicate.indicators:
            return False
        first = predicate.indicators[0]
        return self.frequent is None or any(first in found for found in self.frequent)

    def branch(self, branch: Sequence[Predicate]) -> list[Common]:
        """What a branch rests on, when that is common as a whole; else []."""
        found: dict[Indicator, Common] = {}
        for predicate in branch:
            if _is_selector(predicate):
                if not _is_source(predicate):
                    return []
                continue
            common = self.common(predicate)
            if common is None:
                return []
            found[common.indicator] = common
        if len(found) > 1:  # an event id beside an indicator says no more than the log source does
            found = {key: one for key, one in found.items() if one.field != "EventID"} or found
        if not found or len(found) > 2 or len(frozenset.intersection(*(one.users for one in found.values()))) < self.least:
            return []
        return list(found.values())

    def common(self, predicate: Predicate) -> Common | None:
        """The predicate with the rules that use it, if these are many."""
        key = (predicate.canonical, predicate.op, predicate.value)
        if key not in self.known:
            self.known[key] = self._common(predicate)
        return self.known[key]

    def _common(self, predicate: Predicate) -> Common | None:
        if predicate.derived or predicate.listed or predicate.op in UNJUDGED:
            return None
        if predicate.canonical == "EventID":
            events = [event for event in self.rule.events if event.id == predicate.value and not event.implied]
            users = frozenset(handle for event in events for handle in self.catalog.event_rules(event.provider, event.id))
            if any("/" in event.cls for event in events):  # an id that is the whole of a category, such as Sysmon's 1
                users = users.union(*(self.catalog.event_class(event.cls).handles for event in events))
            title = next((f" ({event.title.rstrip('.')})" for event in events if event.title), "")
            indicator, name = Indicator("EventID", "eq", predicate.value), f"event {predicate.value}{title}"
        else:
            if not self._is_frequent(predicate):
                return None
            indicator = predicate.indicators[0]
            users = frozenset(self.catalog.users(indicator))
            name = f"{predicate.field} {_OPS.get(predicate.op, predicate.op)} `{predicate.value}`"
            if len(users) < self.least or len(users & self.mates) < self.least:
                return None
        return Common(base(predicate.canonical), name, users, indicator) if len(users) >= self.least else None


@lru_cache(maxsize=256)
def _frequent(catalog: Catalog, cls: str, minimum: int) -> frozenset[Indicator]:
    """The indicators that so many rules of an event class look for (two at least)."""
    return frozenset(row.indicator for row in catalog.event_class(cls).indicators(minimum))


def _is_selector(one: Predicate) -> bool:
    return values.is_selector(one.canonical) and one.canonical != "EventID"


def _is_source(one: Predicate) -> bool:
    return one.canonical in SOURCES or (one.canonical, one.value) in STARTS


def _is_frame(field: str) -> bool:
    """Whether a field says where an event comes from rather than what happened."""
    return values.is_selector(field) or field.startswith(("host.os.", "event."))


_OPS = {"eq": "=", "startswith": "starting with", "endswith": "ending in", "contains": "containing"}


def _finding(context: RuleContext, ways: list[tuple[tuple[Predicate, ...], list[Common]]]) -> Finding | None:
    """The finding on the commonest of some loose branches; None when its users do not combine it with anything."""
    catalog = context.catalog
    branch, found = max(ways, key=lambda way: len(frozenset.intersection(*(one.users for one in way[1]))))
    users = sorted(frozenset.intersection(*(one.users for one in found)) - context.related)
    own = {one.field for one in found} | {"EventID"}
    fields: Counter[str] = Counter()
    combining = []
    rules = catalog.rules(users[:MOST])
    for rule in rules:
        others = {base(indicator.field) for indicator in rule.indicators if not _is_frame(indicator.field)} - own
        fields.update(others)
        if others:
            combining.append(rule)
    families = catalog.families(rule.handle for rule in combining)
    if len(rules) < 10 or families < 3 or len(combining) < COMBINED * len(rules):
        return None
    tags = {technique.id for technique in context.rule.techniques}
    combining.sort(key=lambda rule: (-len(tags & set(rule.techniques)), rule.vendor != context.rule.vendor, rule.title))
    names = listed(one.name for one in found)
    alike = len(ways) - 1
    also = f" ({alike} other {'way is' if alike == 1 else 'ways are'} as loose)" if alike else ""
    what = "both" if len(found) > 1 else "that event" if found[0].field == "EventID" else f"`{found[0].indicator.value}`"
    most = listed(f"{field} ({-count})" for count, field in sorted((-count, field) for field, count in fields.items())[:3])
    first = min((one for one in branch if base(one.canonical) == found[0].field), key=lambda one: one.start)
    return context.finding(
        (first.start, first.end),
        f"One way to match asks for nothing but {names}{also}. {len(users)} rules of the catalog look for {what}, and "
        f"{len(combining)} of {len(rules)} combine it with something else, most often {most}.",
        subject=found[0].indicator,
        persona="auditor" if context.rule.dialect in PIPED or len(context.rule.trees) > 1 else None,
        evidence=Evidence(len(combining), len(rules), families, len(users), tuple(rule.ref for rule in combining[:SHOWN])),
        counted=lambda: Counted(users[:MOST], [rule.handle for rule in combining], "combine it with something else"),
    )


_RULE = """\
title: Command shell or stager {number}
id: 91b1c1f2-8a43-4c0b-8f69-6f2f6a1d00{number}
tags: [attack.t1059.001]
logsource: {{category: process_creation, product: windows}}
detection:
  selection_stager:
    Image|endswith: '\\powershell.exe'
    CommandLine|contains|all: [DownloadData, 'Reflection.Assembly']
  selection_shell:
    Image|endswith: '\\cmd.exe'
{more}  condition: 1 of selection_*
level: high
"""
VALID = (Example("The second way asks for more", _RULE.format(number="01", more="    CommandLine|contains: 'vssadmin'\n")),)
INVALID = (Example("The second way to match is a command shell", _RULE.format(number="02", more=""), "cmd.exe", 10),)
