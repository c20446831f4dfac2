"""What kind of exclusion a leaf is, and its benign class.

    list          it is tested against an organisation's own list
    definitional  the negation is the detection: the normal home of a named file (masquerading, side-loading), a renamed
                  program's own names, the usual parent, port or top-level domain of a rule about unusual ones, the private
                  and reserved networks of a rule about external addresses, an event selector, an outcome
    delegated     another rule covers it: one is named in the rule and looks for this value, or one of medium level or above
                  that reads the same events looks for most of what the selection excludes
    benign        everything else: a false positive that was learned

The class is taxonomy's, from field and value; `other` where none fits.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from linter.catalog.model import NO_CLASS, CatalogRule, telling
from linter.rule import Indicator, Rule
from linter.taxonomy import classes, values

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from linter.catalog.records import Leaf, Record

_SUSPECT = frozenset((NO_CLASS, "scripting_host", "cloud_service", "temp_folder", "user_folder"))  # no false positive by itself
SERIOUS = frozenset(("medium", "high", "critical"))
_UNUSUAL = re.compile(
    r"\b(un(common|usual|expected|known|typical)|non[- ]?(standard|default|typical)|rare|abnormal|anomal\w+|first[- ]time|"
    r"first seen|previously|newly)\b",
    re.IGNORECASE,
)
_HIDING = re.compile(
    r"\b(masquerad\w*|imperson\w*|spoof\w*|fake|mimic\w*|outside|(location|path|director[iy]|folder)(e?s| anomal\w+)?$|"
    r"(unusual|uncommon|non-\w+|suspicious) (path|location|directory|folder))\b",
    re.IGNORECASE,
)
_LOADING = re.compile(r"\b(side[- ]?load\w*|hijack\w*|phantom)\b", re.IGNORECASE)
_OTHER_THAN = re.compile(r"\b(?:non[- ]|outside an? )(\w+)", re.IGNORECASE)
_HOMES = ("Image", "ImageLoaded")
_SYSTEM_FOLDERS = (
    "\\windows\\", "%systemroot%", "\\system32\\", "\\syswow64\\", "/usr/", "/bin/", "/sbin/", "/system/", "/library/apple/",
)  # fmt: skip
_OUTCOMES = frozenset((
    "status", "resulttype", "result", "outcome", "action", "errorcode", "error_code", "success", "keywords",
    "eventtype", "event_type", "resultdescription", "logontype", "sc-status", "responsecode", "status_code", "http_status",
    "deviceaction", "operation", "operationname", "operationnamevalue", "eventname",
))  # fmt: skip
_IDENTITIES = frozenset(("OriginalFileName", "Product", "Description", "Company", "InternalName"))
_EXTENSION = re.compile(r"\W?\.[a-z0-9]{1,5}\W?")
_DOMAINS = re.compile(r"\b(tlds?|domains?|dns)\b")
_HOSTS = frozenset(("DestinationHostname", "QueryName", "c-uri", "cs-host"))
_PROTOCOL_NETWORKS = (  # IANA's special-purpose networks that some versions of ipaddress take for global ones
    "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15",
)  # fmt: skip
_WHO = frozenset(
    ("Image", "ParentImage", "SourceImage", "GrandParentImage", "User", "ParentUser", "SubjectUserName", "Signature")
)


class Judge:
    """Kinds for the exclusions of a catalog's rules; made once from all of them.

    `rules` may make its items when they are asked for. `excluded` are the leaves of all of them, `named` the ids that any
    of them names: nothing else is asked about.
    """

    def __init__(self, rules: Sequence[CatalogRule], excluded: Container[Indicator], named: Container[str]) -> None:
        self._users: dict[Indicator, list[int]] = defaultdict(list)
        self._rules = rules
        self._by_id: dict[str, int] = {}
        for number, rule in enumerate(rules):
            if rule.id and rule.id in named:
                self._by_id[rule.id] = number
            if rule.level in SERIOUS:
                for indicator in rule.indicators:
                    if indicator in excluded:
                        self._users[indicator].append(number)

    def kinds(self, record: Record) -> list[tuple[str, str]]:
        """(kind, class) of each of a record's leaves."""
        facts = _Facts(record)
        benign = [benign_class(leaf.indicator) for leaf in record.leaves]
        covered = self._covered(record, benign)
        out = []
        for number, (leaf, cls) in enumerate(zip(record.leaves, benign, strict=True)):
            if leaf.listed:
                kind = "list"
            elif number in covered:
                kind = "delegated"
            elif facts.definitional(leaf, cls):
                kind = "definitional"
            else:
                kind = "benign"
            out.append((kind, cls))
        return out

    def _covered(self, record: Record, benign: list[str]) -> set[int]:
        """The leaves that another rule looks for."""
        named: set[Indicator] = set()
        for id in (*record.mentions, *record.names):
            number = self._by_id.get(id)
            if number is not None:
                named.update(one for one in self._rules[number].indicators if one.op != "exists")
        found = {number for number, leaf in enumerate(record.leaves) if leaf.indicator in named and benign[number] in _SUSPECT}
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, leaf in enumerate(record.leaves):
            field = leaf.indicator.field
            content = field.partition(".")[0] not in _WHO and not field.endswith(".ext") and network_of(leaf.indicator) is None
            if benign[number] in _SUSPECT and len(leaf.indicator.value) > 1 and content and leaf.alone:
                groups[leaf.label, field].append(number)
        own = telling(record.rule.indicators)
        for numbers in groups.values():
            if len(numbers) > 2 or own:
                found |= self._group(record, own, numbers)
        return found

    def _group(self, record: Record, own: frozenset[Indicator], numbers: list[int]) -> set[int]:
        """Those of some leaves that one serious rule on the same events looks for, when it looks for most of them."""
        leaves = record.leaves
        votes = Counter(user for number in numbers for user in self._users.get(leaves[number].indicator, ()))
        for user, hits in votes.most_common(5):
            other = self._rules[user]
            if hits < 0.6 * len(numbers):
                break
            if other.id == record.rule.id or not set(other.classes) & set(record.rule.classes):
                continue
            theirs = frozenset(other.indicators)
            if hits > 2 or len(own & theirs) >= max(1, len(own) / 2):
                return {number for number in numbers if leaves[number].indicator in theirs}
        return set()


class _Facts:
    """What of a rule decides whether a negation is the detection."""

    def __init__(self, record: Record) -> None:
        rule = record.rule
        self.title = rule.title.lower()
        self.unusual = bool(_UNUSUAL.search(rule.title))
        self.hiding = bool(_HIDING.search(rule.title)) or any(one.startswith("T1036") for one in rule.techniques)
        self.loading = bool(_LOADING.search(rule.title)) or "T1574.001" in rule.techniques
        self.other_than = {word.lower() for word in _OTHER_THAN.findall(rule.title)}
        self.lateral = any(one.startswith(("T1021", "T1570")) for one in rule.techniques)
        self.named: dict[str, set[str]] = defaultdict(set)
        for field, op, value in rule.indicators:
            if op == "eq":
                self.named[field].add(value)
        self.identities = any(one.field in _IDENTITIES for one in rule.indicators)
        self.telling = bool(telling(rule.indicators))
        self.heads = {one.field.partition(".")[0] for one in rule.indicators}
        self.values = tuple(one.value for one in rule.indicators if one.value)
        self.parents = any(one.field.startswith("ParentImage.") for one in rule.indicators)
        self.modules = any(one.field.startswith("ImageLoaded") for one in rule.indicators)
        self.networks: Counter[str] = Counter()
        for leaf in record.leaves:
            if benign_class(leaf.indicator) == "local_network":
                self.networks[leaf.indicator.field] += 1

    def definitional(self, leaf: Leaf, cls: str) -> bool:
        """Whether excluding this is what the rule is about."""
        field, op, value = leaf.indicator
        if values.is_selector(field):
            return True
        if field.startswith("Old") or self._outcome(field):
            return True
        if cls == "local_network":
            return self.networks[field] > 2 or self.lateral
        head, _, part = field.partition(".")
        if head == "Image" and cls in self.other_than:
            return True
        if leaf.label.startswith(("filter_opt", "fp_", "falsepositive")):  # Sigma's way to say: somebody's software
            return False
        if field in ("DestinationPort", "SourcePort"):
            return "port" in self.title
        if field in _HOSTS:
            return (
                bool(_DOMAINS.search(self.title))
                and op == "endswith"
                and re.fullmatch(r"\.(?!arpa|local|lan\b)[a-z]{2,6}", value) is not None
            )
        if op == "null":
            return False
        if self.hiding and leaf.alone and cls in ("program_folder", "windows_folder", "system_folder"):
            return True
        if head in values.PATHS:
            return self._path(head, part, op, value, leaf.alone)
        posing = "masquerad" in self.title or "imperson" in self.title
        if field in _IDENTITIES:
            return posing or any(value in one for one in self.values)
        if head in ("Signature", "SignatureStatus"):
            return posing and (cls == "trusted_signer" or any(value.partition(" ")[0] in one for one in self.values))
        if field in ("User.id", "Group.id"):
            return value == "0" and "privilege" in self.title
        return not field and self.unusual

    def _path(self, head: str, part: str, op: str, value: str, alone: bool) -> bool:
        """Whether a path field's value is the file's own place or name."""
        names = self.named[f"{head}.name"]
        home = any(folder in value for folder in _SYSTEM_FOLDERS)
        if part == "ext":
            return head not in self.heads
        if head == "Image" and part == "name" and "renamed" in self.title:
            return True
        if home and part == "path" and not self.telling:
            return self.hiding or "renamed" in self.title
        if head in ("Image", "SourceImage", "TargetImage") and self.identities and (part == "name" or value.startswith("\\")):
            return not names or self.hiding or "renamed" in self.title or value in names
        last = value[max(value.rfind("\\"), value.rfind("/")) + 1 :]
        own = op not in ("eq", "endswith") or not last or last in names  # a folder, or the place of a named file
        if part == "path" and names and own and (self.hiding or self.loading or (home and alone and head in _HOMES)):
            return True
        if self.loading and (head == "ImageLoaded" or (head == "Image" and self.modules)):
            return home or head == "ImageLoaded" or part == "name"
        if head == "ParentImage" and "parent" in self.title and not self.parents:
            return self.unusual or bool(self.named["Image.name"])
        return False

    @staticmethod
    def _outcome(field: str) -> bool:
        """Whether a field says how something ended, or what was done about it."""
        last = field.lower().rpartition(".")[2]
        return last in _OUTCOMES or (last.endswith(("action", "outcome", "result", "status")) and "sign" not in last)


def defines(rule: Rule) -> bool:
    """Whether what a rule under lint excludes is part of what it detects (an uncommon parent, a renamed program)."""
    from linter.catalog.records import record

    found = record(rule, rule.path)
    facts = _Facts(found)
    return any(facts.unusual or facts.definitional(leaf, benign_class(leaf.indicator)) for leaf in found.leaves)


def network_of(indicator: Indicator) -> IPv4Network | IPv6Network | None:
    """The network or address that an indicator compares with; None for one that does not."""
    if indicator.op not in ("cidr", "eq") or not (set(indicator.value) & set(".:")):
        return None
    try:
        from ipaddress import ip_network  # not needed by most rules

        return ip_network(indicator.value.partition("%")[0], strict=False)
    except ValueError:
        return None


def special_network(indicator: Indicator) -> bool:
    """Whether an address or network is private, reserved, loopback, link-local, multicast or of a protocol's own."""
    network = network_of(indicator)
    if network is None:
        return False
    if not network.is_global or network.is_multicast:
        return True
    from ipaddress import IPv4Network

    return isinstance(network, IPv4Network) and any(network.subnet_of(IPv4Network(one)) for one in _PROTOCOL_NETWORKS)


def benign_class(indicator: Indicator) -> str:
    """Taxonomy's class of an excluded leaf; `other` where none fits."""
    if special_network(indicator):
        return "local_network"
    if values.is_selector(indicator.field):
        return NO_CLASS
    if _EXTENSION.fullmatch(indicator.value):
        return NO_CLASS  # `.msi` is no product of MSI's
    return classes.classify(indicator.field, indicator.op, indicator.value) or NO_CLASS
