"""What a rule could exclude: what its peers do, and what completes its own filters (twins, empty values, sibling fields)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from linter.rule import Indicator
from linter.taxonomy.schemas import base

if TYPE_CHECKING:
    from linter.catalog.peers import Peers, Profile

# Texts that come in pairs: who excludes one usually means the other too.
_TWINS = (
    ("program files (x86)\\", "program files\\"),
    ("\\system32\\", "\\syswow64\\"),
    ("\\system32\\", "\\winsxs\\"),
    ("\\syswow64\\", "\\winsxs\\"),
    ("\\framework\\", "\\framework64\\"),
    ("64.exe", ".exe"),
    ("64.exe", "32.exe"),
    ("-x64", "-x86"),
)
# Fields that hold the same kind of thing: a value that is excluded on one of them may be meant on another.
_FAMILIES = (
    ("Image", "ParentImage", "SourceImage", "TargetImage", "CallerProcessName", "ProcessName", "Application"),
    ("CommandLine", "ParentCommandLine"),
    ("TargetFilename", "ImageLoaded", "SourceFilename", "CurrentDirectory", "Path"),
    ("TargetObject", "Details"),
    ("User", "SubjectUserName", "TargetUserName", "AccountName"),
    ("SourceIp", "DestinationIp", "IpAddress", "src_ip", "dst_ip"),
)
_SIBLINGS = {one: tuple(other for other in family if other != one) for family in _FAMILIES for one in family}
EMPTY = (("null", ""), ("eq", ""), ("eq", "-"))


class Candidate(NamedTuple):
    """A case that could be excluded. `voters` are the peers (by number) that exclude it and are like the rule."""

    indicator: Indicator
    base: str
    cls: str
    voters: tuple[int, ...]


def siblings(field: str) -> tuple[str, ...]:
    """The other canonical fields of the same kind as one without its part: ParentImage and others of Image."""
    return _SIBLINGS.get(field, ())


def twins(leaf: Indicator) -> Iterator[Indicator]:
    """What completes an exclusion: the other Program Files, WOW64, the 32-bit name, the other spellings of nothing."""
    field, op, value = leaf
    if (op, value) in EMPTY:
        for other_op, other in EMPTY:
            if (other_op, other) != (op, value):
                yield Indicator(field, other_op, other)
        return
    if op in ("re", "cidr") or not value:
        return
    for one, other in _TWINS:
        for old, new in ((one, other), (other, one)):
            if old in value and new not in value:
                yield Indicator(field, op, value.replace(old, new))


def candidates(one: Profile, peers: Peers, likeness: Mapping[int, float]) -> list[Candidate]:
    """The candidates of a rule, sorted. `likeness` holds the peers that may vote.

    A peer's exclusion counts where its field is looked at with the rule's log source, or by the rule itself; its value
    counts on another field of the same kind that the rule looks at.
    """
    own = {leaf.indicator for leaf in one.excluded}
    looked_at = {base(indicator.field) for indicator in one.required} | one.fields
    in_use = looked_at.union(*(peers.fields_of(source) for source in one.sources))
    votes: dict[int, list[int]] = defaultdict(list)
    for peer in likeness:
        for at in peers.excluded[peer]:
            votes[at].append(peer)
    found: dict[Indicator, Candidate] = {}
    moved: dict[Indicator, None] = {}
    for at, voters in votes.items():
        leaf, field, cls, *_ = peers.voted[at]
        if field in in_use:
            found[leaf] = Candidate(leaf, field, cls, tuple(voters))
        for other in siblings(field):
            if other in looked_at:
                moved[Indicator(other + leaf.field[len(field) :], leaf.op, leaf.value)] = None
    for leaf_ in own:
        moved.update(dict.fromkeys(twins(leaf_)))
    moved.update((Indicator(field, "null", ""), None) for field in looked_at)
    for indicator in moved:
        if indicator not in found:
            found[indicator] = Candidate(indicator, base(indicator.field), "", ())
    for known in own | one.required:
        found.pop(known, None)
    return list(found.values())
