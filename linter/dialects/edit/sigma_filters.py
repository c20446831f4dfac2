"""Which filter an added exclusion becomes: its name, and what the condition has to say for it.

The rule's own habit comes first: a pattern that the condition negates already (`not 1 of filter_main_*`) is joined, a lone
`not filter` becomes `not 1 of filter*`, numbered filters go on counting. A rule without a filter gets SigmaHQ's names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from linter.dialects.edit.base import Refused
from linter.finding import Edit

MAIN, OPTIONAL = "filter_main_", "filter_optional_"
_STYLES = (MAIN, "filter_", "exclusion_", "known_")  # asked in order until one fits no pattern of the rule's
_TOKEN = re.compile(r"[A-Za-z0-9_*-]+|[()]")
_FILTER = re.compile(r"(?:filter|fp|falsepos|false_pos|exclu|whitelist|allow|known|legit|exception|reduction)", re.IGNORECASE)


class Plan(NamedTuple):
    """The filter's name, the selection it is put behind ("": the last), and the edits of each condition's text."""

    name: str
    behind: str
    edits: tuple[tuple[Edit, ...], ...]


class Conjunct(NamedTuple):
    """One part of a condition's outermost AND: its words and where it stands."""

    words: tuple[str, ...]
    start: int
    end: int

    @property
    def pattern(self) -> str:
        """The P of `not 1 of P`; "" of anything else."""
        words = self.words
        low = [word.lower() for word in words]
        return words[3] if len(words) == 4 and low[0] == "not" and low[1] in ("1", "any") and low[2] == "of" else ""

    @property
    def name(self) -> str:
        """The N of `not N`; "" of anything else."""
        return self.words[1] if len(self.words) == 2 and self.words[0].lower() == "not" and self.words[1] != "(" else ""


class Condition:
    """A condition's text, taken apart as far as an edit needs it. Refused when it has an aggregation."""

    def __init__(self, text: str) -> None:
        if "|" in text:
            raise Refused("the condition has an aggregation")
        self.text = text
        self.words = [(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(text)]
        if not self.words:
            raise Refused("the condition is empty")
        self.start, self.end = self.words[0][1], self.words[-1][2]
        self.any = False  # whether an OR stands outermost
        self.conjuncts: list[Conjunct] = []
        depth, first = 0, 0
        for at, (word, _, _) in enumerate(self.words):
            low = word.lower()
            depth += (word == "(") - (word == ")")
            if depth == 0 and low == "or":
                self.any = True
            if depth == 0 and low == "and":
                self._conjunct(first, at)
                first = at + 1
        self._conjunct(first, len(self.words))
        if self.any:
            self.conjuncts = []

    def _conjunct(self, first: int, stop: int) -> None:
        here = self.words[first:stop]
        while len(here) > 3 and here[1][0] == "(" and here[-1][0] == ")" and here[0][0].lower() == "not":
            inner = here[2:-1]
            if any(word in ("(", ")") for word, _, _ in inner) or not _is_one([word for word, _, _ in inner]):
                break
            here = [here[0], *inner]
        if here:
            words = tuple(word for word, _, _ in here)
            self.conjuncts.append(Conjunct(words, self.words[first][1], self.words[stop - 1][2]))

    def patterns(self) -> Iterator[tuple[int, str]]:
        """(index of its word, pattern) of everything behind `of`."""
        for at, (word, _, _) in enumerate(self.words[2:], 2):
            if self.words[at - 1][0].lower() == "of" and self.words[at - 2][0].lower() in ("1", "any", "all"):
                yield at, word

    def names(self) -> Iterator[str]:
        """Every word that may name a selection."""
        for word, _, _ in self.words:
            yield word

    def extended(self, text: str) -> tuple[Edit, ...]:
        """What adds `and …` to the whole."""
        if self.any:
            return (Edit(self.start, self.start, "("), Edit(self.end, self.end, f") and {text}"))
        return (Edit(self.end, self.end, f" and {text}"),)


def _is_one(words: list[str]) -> bool:
    return len(words) == 1 or (len(words) == 3 and words[1].lower() == "of")


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern of a condition covers a selection's name."""
    if pattern.lower() == "them":
        return not name.startswith("_")
    if name.startswith("_") and not pattern.startswith("_"):
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


def plan(texts: Sequence[str], selections: Sequence[str], slug: str, optional: bool) -> Plan:
    """How to add a filter called after `slug` to a rule with these conditions and selections. `optional`: it is about
    software that not everybody has. Refused where no name or no place can be found.
    """
    conditions = [Condition(text) for text in texts]
    rewritten, renames = _without_them(conditions, selections)
    found = (
        _joined(conditions, rewritten, selections, slug, optional)
        or _beside_one(conditions, rewritten, selections, slug)
        or _styled(conditions, rewritten, selections, slug, optional)
    )
    if found is None:
        raise Refused("no name for a filter is free of the condition's patterns")
    edits = tuple(tuple(sorted((*own, *more))) for own, more in zip(found.edits, renames, strict=True))
    return found._replace(edits=edits)


def _without_them(conditions: list[Condition], selections: Sequence[str]) -> tuple[list[list[str]], list[tuple[Edit, ...]]]:
    """The patterns of each condition; `them`, which would cover a filter, is made a pattern of the selections' own."""
    patterns: list[list[str]] = []
    pieces: list[tuple[Edit, ...]] = []
    own = [name for name in selections if not name.startswith("_")]
    for condition in conditions:
        here: list[str] = []
        made: list[Edit] = []
        for at, pattern in condition.patterns():
            if pattern.lower() != "them":
                here.append(pattern)
                continue
            stem = _stem(own)
            if not stem:
                raise Refused("the condition says `them`, which would cover the filter")
            here.append(stem + "*")
            made.append(Edit(*condition.words[at][1:], stem + "*"))
        patterns.append(here)
        pieces.append(tuple(made))
    return patterns, pieces


def _stem(names: Sequence[str]) -> str:
    """What all names start with, up to a `_`, or a whole name; "" when they share less than a word."""
    if len(names) == 1:
        return names[0]
    low, high = min(names), max(names)
    common = low[: next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))]
    found = re.match(r"[A-Za-z]{3,}[A-Za-z0-9_-]*?(?=\d*$)|", common)
    stem = found.group() if found else ""
    return "" if _FILTER.match(stem) else stem


def _joined(
    conditions: list[Condition], patterns: list[list[str]], selections: Sequence[str], slug: str, optional: bool
) -> Plan | None:
    """Joins a pattern that every condition negates; puts SigmaHQ's other pattern beside it where that is the right one."""
    shared = [
        pattern
        for pattern in dict.fromkeys(one.pattern for one in conditions[0].conjuncts)
        if pattern.endswith("*") and pattern.count("*") == 1 and len(pattern) > 3
        and all(any(one.pattern == pattern for one in other.conjuncts) for other in conditions)
    ]  # fmt: skip
    if not shared:
        return None
    wanted = OPTIONAL if optional else MAIN
    other = MAIN if optional else OPTIONAL
    chosen = next((one for one in shared if one == wanted + "*"), None)
    if chosen is None and shared == [other + "*"] and not any(matches(wanted + "*", one) for one in selections):
        fresh = _free(wanted, slug, patterns, selections, {wanted + "*"})
        if fresh is not None:
            word = f"not 1 of {wanted}*"
            return Plan(fresh, "", tuple(_next_to(one, f"{other}*", word, before=not optional) for one in conditions))
    chosen = chosen or next((one for one in shared if _FILTER.match(one) and one != other + "*"), shared[0])
    prefix = chosen[:-1]
    members = [name for name in selections if matches(chosen, name)]
    name: str | None
    if members and all(name[len(prefix) :].isdigit() for name in members):
        name = f"{prefix}{max(int(name[len(prefix) :][:9]) for name in members) + 1}"
        name = None if name in selections or _covered(name, patterns, {chosen}) else name
    else:
        name = _free(prefix if prefix[-1] in "_-" else prefix + "_", slug, patterns, selections, {chosen})
    return None if name is None else Plan(name, members[-1] if members else "", ((),) * len(conditions))


def _next_to(condition: Condition, pattern: str, text: str, *, before: bool) -> tuple[Edit, ...]:
    """Puts a conjunct in front of or behind the one that negates a pattern."""
    one = next(one for one in condition.conjuncts if one.pattern == pattern)
    if before and one.start > condition.start:
        return (Edit(one.start, one.start, f"{text} and "),)
    return (Edit(one.end, one.end, f" and {text}"),)


def _beside_one(conditions: list[Condition], patterns: list[list[str]], selections: Sequence[str], slug: str) -> Plan | None:
    """Goes on where filters are negated one by one: `not filter`, `not filter1 and not filter2`, `not filter_null`."""
    singles = [one.name for one in conditions[0].conjuncts if one.name and one.name in selections and _FILTER.match(one.name)]
    singles = [one for one in singles if all(any(c.name == one for c in other.conjuncts) for other in conditions)]
    if not singles:
        return None
    last = singles[-1]
    numbered = re.fullmatch(r"(.*[a-z_-])(\d{1,3})", last)
    if numbered and all(re.fullmatch(r".*\d", one) for one in singles):
        stem, number = numbered[1], int(numbered[2])
        taken = set(selections)
        after = next((f"{stem}{number + by}" for by in range(1, 100) if f"{stem}{number + by}" not in taken), "")
        if after and not _covered(after, patterns, set()):
            return Plan(after, last, tuple(one.extended(f"not {after}") for one in conditions))
        return None
    stem = last if "_" not in last else last[: last.rindex("_") + 1]
    if len(singles) == 1 and not any(matches(stem + "*", one) for one in selections if one != last):
        prefix = stem if stem.endswith("_") else stem + "_"
        name = _free(prefix, slug, patterns, selections, set())
        if name is not None and all(_uses(one, last) == 1 for one in conditions):
            return Plan(name, last, tuple(_widened(one, last, stem) for one in conditions))
    prefix = stem if stem.endswith("_") else stem + "_"
    name = _free(prefix, slug, patterns, selections, set())
    if name is None:
        return None
    return Plan(name, last, tuple(one.extended(f"not {name}") for one in conditions))


def _uses(condition: Condition, name: str) -> int:
    return sum(word == name for word in condition.names())


def _widened(condition: Condition, name: str, stem: str) -> tuple[Edit, ...]:
    """`not filter` → `not 1 of filter*`."""
    at = next(at for at, (word, _, _) in enumerate(condition.words) if word == name)
    _, start, end = condition.words[at]
    if stem == name:
        return (Edit(start, start, "1 of "), Edit(end, end, "*"))
    return (Edit(start, end, f"1 of {stem}*"),)


def _styled(
    conditions: list[Condition], patterns: list[list[str]], selections: Sequence[str], slug: str, optional: bool
) -> Plan | None:
    """A filter under a pattern that no condition has yet at its outermost AND."""
    for prefix in ((OPTIONAL,) if optional else ()) + _STYLES:
        name = _free(prefix, slug, patterns, selections, set())
        if name is None:
            continue
        if any(matches(prefix + "*", other) for other in selections):  # the pattern would take in what is not excluded there
            if prefix not in (MAIN, OPTIONAL):
                return Plan(name, "", tuple(one.extended(f"not {name}") for one in conditions))
            continue
        return Plan(name, "", tuple(one.extended(f"not 1 of {prefix}*") for one in conditions))
    return None


def _free(
    prefix: str, slug: str, patterns: list[list[str]], selections: Collection[str], joined: Collection[str]
) -> str | None:
    """`prefix` + `slug`, numbered where that is taken; None when another pattern than the joined ones would cover it."""
    taken = {name.lower() for name in selections}
    for number in range(1, 1000):
        name = f"{prefix}{slug}" if number == 1 else f"{prefix}{slug}_{number}"
        if name.lower() not in taken:
            return None if _covered(name, patterns, joined) else name
    return None


def _covered(name: str, patterns: list[list[str]], joined: Collection[str]) -> bool:
    return any(matches(pattern, name) for here in patterns for pattern in here if pattern not in joined)
