"""Independent rules that look for the same rare things, and the techniques that they name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from linter.catalog.load import Catalog
from linter.catalog.model import positives, telling
from linter.checks.base import RuleContext
from linter.rule import Indicator

RARE = 40  # rules that may use an indicator that is called rare
NEAR = 0.3  # of the rule's rare indicators that a near relative shares
LOGS = ("event.", "data_stream.", "host.os.")
FRAME = frozenset(("IntegrityLevel", "LogonType", "Initiated", "eventSource", "Protocol", "DestinationPort", "Details"))


class Kin(NamedTuple):
    """A family of near-copies: one of its rules, the techniques it names, and the rare indicators it shares with the rule."""

    handle: str
    techniques: frozenset[str]
    shared: frozenset[Indicator]


def rare(context: RuleContext) -> dict[Indicator, frozenset[str]]:
    """The rule's rare indicators with the other rules that look for them. Found once a rule."""
    found = context.shared.get("rare")
    if not isinstance(found, dict):
        found = context.shared["rare"] = _rare(context)
    return found


def _rare(context: RuleContext) -> dict[Indicator, frozenset[str]]:
    catalog = context.catalog
    out: dict[Indicator, frozenset[str]] = {}
    for indicator, standing in positives(context.rule).items():
        if standing.assumed or standing.secondary or indicator.field.startswith(LOGS) or not telling((indicator,)):
            continue
        if indicator.field in FRAME:
            continue
        users = catalog.users(indicator)
        if 1 < len(users) <= RARE and len(indicator.value) > 2:
            others = frozenset(users) - context.related
            if others:
                out[indicator] = others
    return out


def families(catalog: Catalog, users: Iterable[tuple[Indicator, Collection[str]]]) -> list[Kin]:
    """The families among the users of some indicators that name a technique, sorted."""
    shared: dict[str, set[Indicator]] = defaultdict(set)
    members: dict[str, str] = {}
    techniques: dict[str, set[str]] = defaultdict(set)
    for indicator, handles in users:
        for handle in handles:
            named = catalog.rule(handle).techniques
            if named:
                family = catalog.family(handle)
                shared[family].add(indicator)
                techniques[family].update(named)
                members[family] = min(members.get(family, handle), handle)
    return [Kin(members[one], frozenset(techniques[one]), frozenset(shared[one])) for one in sorted(members)]


def nearest(kin: Iterable[Kin], found: Collection[Indicator], share: float = NEAR, least: int = 1) -> list[Kin]:
    """Those that share a good part of the rare indicators `found`, `least` of them at least."""
    return [one for one in kin if len(one.shared) >= max(least, share * len(found))]


def most_named(kin: Iterable[Kin], shorten: bool) -> tuple[str, int]:
    """(technique, families) of the technique that most families name; parents for their sub-techniques with `shorten`."""
    counts: Counter[str] = Counter()
    for one in kin:
        counts.update({technique.partition(".")[0] if shorten else technique for technique in one.techniques})
    return max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
