"""What a rule could exclude: what its peers exclude, and what completes its own filters (twins, empty values, sibling fields)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from linter.catalog.peers import base_field
from linter.rule import Indicator

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
    ("TargetFilename", "ImageLoaded"),
    ("TargetObject", "Details"),
    ("User", "SubjectUserName", "TargetUserName", "AccountName"),
    ("SourceIp", "DestinationIp", "IpAddress", "src_ip", "dst_ip"),
)
EMPTY = (("null", ""), ("eq", ""), ("eq", "-"))


def siblings(field: str) -> tuple[str, ...]:
    """The other canonical fields of the same kind, with the part of this one: `ParentImage.name` of `Image.name`."""
    base = base_field(field)
    part = field[len(base) :]
    return next((tuple(one + part for one in family if one != base) for family in _FAMILIES if base in family), ())


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


def candidates(one: Profile, peers: Peers, barred: Collection[str]) -> dict[Indicator, list[int]]:
    """Each candidate with the peers that exclude it. `barred` are handles that do not testify.

    A peer's exclusion counts where its field is looked at with the rule's log source, or by the rule itself.
    """
    own = {leaf.indicator for leaf in one.excluded}
    required = {feature[1] for feature in one.features if feature[0] == "indicators"}
    looked_at = {base_field(indicator.field) for indicator in required if isinstance(indicator, Indicator)} | one.fields
    in_use = looked_at.union(*(peers.fields_of_source.get(source, ()) for source in one.sources))
    found: dict[Indicator, list[int]] = {}
    for leaf, users in peers.users.items():
        voters = [at for at in users if peers.profiles[at].handle not in barred]
        if not voters:
            continue
        if base_field(leaf.field) in in_use:
            found[leaf] = voters
        for field in siblings(leaf.field):
            if base_field(field) in looked_at:
                found.setdefault(Indicator(field, leaf.op, leaf.value), [])
    for leaf_ in own:
        for twin in twins(leaf_):
            found.setdefault(twin, [])
    for field in sorted(looked_at):
        found.setdefault(Indicator(field, "null", ""), [])
    for known in own:
        found.pop(known, None)
    for wanted in required:
        found.pop(wanted, None)  # type: ignore[call-overload]
    return found
