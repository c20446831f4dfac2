"""Points at a short text that ordinary values are full of, where little else narrows the search.

## What it does
Looks for pieces of text of three characters or fewer (`use`, `cl`) that a rule wants to find anywhere in a field, and that
are a part of at least one in a hundred of the values which public rules look for or exclude there. It is reported when the
whole way to match is weak: when its other conditions do not make up for it.

## Why it matters
`use` is in `user`, `because` and half of all paths. Such a condition reads as if it asked for a word, and matches whatever
holds the letters.

## When to ignore
When the field holds one word only, or when the log source is rare.

## How it is counted
How weak a way to match is, is counted in bits: from the length of each value and from how many rules use it; conditions add
up, ten bits are one good indicator. Values that public rules hold for the field stand in for ordinary ones: that is no count
of events. Options (`-c`) and numbers are left out, and so are ways with computed columns, own lists or regular expressions,
and rules whose negation is the detection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linter import logic
from linter.checks.base import CheckInfo, Example, RuleContext, listed
from linter.checks.said import quoted, said
from linter.finding import Evidence, Finding
from linter.rule import Predicate
from linter.taxonomy import values

CHECK = CheckInfo(
    "broad-value", "a text so short that ordinary values are full of it", "advice", confidence="medium", statistical=True
)
KINDS = ("rule", "building_block", "base")
SHORT = 3  # letters, outer blanks aside; see also catalog.texts
WEAK = 11.0  # bits
MAX_BRANCHES = 256


def check(context: RuleContext) -> Iterator[Finding]:
    """One finding a value, on the weakest of the ways to match that rest on it."""
    rule = context.rule
    if rule.kind not in KINDS:
        return
    short = {id(one): one for one in logic.predicates(rule) if one.op == "contains" and _is_short(one)}
    if not short:
        return
    common = {key: found for key, one in short.items() if (found := _common(context, one)) is not None}
    if not common:
        return
    from linter.catalog import kinds
    from linter.catalog.noise import bits_of

    bits = bits_of(rule, context.catalog, context.related)
    weakest: dict[tuple[str, str], tuple[float, Predicate, tuple[Predicate, ...]]] = {}
    for branch in logic.branches(rule, MAX_BRANCHES).items:
        if any(one.derived or one.listed or one.op in ("re", "cidr", "gt", "gte", "lt", "lte") for one in branch):
            continue
        total = sum(map(bits, {(one.canonical, one.op, one.value): one for one in branch}.values()))
        for one in branch:
            if total < WEAK and id(one) in common:
                key = (one.canonical, one.value)
                if key not in weakest or total < weakest[key][0]:
                    weakest[key] = total, one, branch
    if not weakest or kinds.defines(rule):
        return
    for _, one, branch in weakest.values():
        yield _finding(context, one, branch, *common[id(one)])


def _is_short(one: Predicate) -> bool:
    """Whether a comparison of a part looks for a short word."""
    text = one.value.strip()
    return (
        0 < len(text) <= SHORT
        and text.isascii()
        and text.isalpha()
        and not one.excluded
        and not one.derived
        and not one.listed
        and bool(one.indicators)
        and not values.is_selector(one.canonical)
    )


def _common(context: RuleContext, one: Predicate) -> tuple[int, int] | None:
    """(values that hold the text, values) where these are many; None where they are few."""
    return context.catalog.often(one.indicators[0].field, one.value.lower())


def _finding(context: RuleContext, one: Predicate, branch: Sequence[Predicate], found: int, total: int) -> Finding:
    others = dict.fromkeys(said(other) for other in branch if other is not one)
    beside = f"All that stands beside it is {listed(others)}." if others else "Nothing else is asked for beside it."
    return context.finding(
        (one.start, one.end),
        f"{quoted(one.value)} is a part of {found:,} of the {total:,} values that public rules have in "
        f"{one.indicators[0].field}, so it matches much that is ordinary. {beside}",
        subject=(one.canonical, one.op, one.value),
        evidence=Evidence(corpus_reach=context.catalog.reach(one.indicators[0], context.related).total),
    )


_RULE = """\
title: Share connected from a script {number}
id: 2d7c9a54-3f1e-4b0c-8a8e-0f6e5d4c00{number}
tags: [attack.t1021.002]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    Image|endswith: '\\cmd.exe'
    CommandLine|contains: '{text}'
  condition: selection
level: medium
"""
VALID = (
    Example("A text that says more", _RULE.format(number="01", text="net use \\\\\\\\")),
    Example("An option", _RULE.format(number="02", text=" /s")),
)
INVALID = (Example("Three letters", _RULE.format(number="03", text="use"), "so it matches much that is ordinary", 8),)
