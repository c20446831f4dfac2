"""What kind of exclusion a leaf is, and its benign class.

    list          it is tested against an organisation's own list
    definitional  the negation is the detection: the file name's normal home (masquerading, side-loading), the renamed program's
                  own name, the usual parent, port, TLD or network of a rule about unusual ones, an event selector or outcome
    delegated     another rule covers it: one is named in the rule and speaks of the value, or the value is itself an
                  indicator of suspicion (no benign class) that rules of medium level or above look for in the same events
    benign        everything else: a false positive that was learned

The class is taxonomy's, from field and value; `other` where none fits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from linter.catalog.model import NO_CLASS, CatalogRule
from linter.rule import Indicator, Rule
from linter.taxonomy import values

if TYPE_CHECKING:
    from linter.catalog.corpora import Leaf, Record

SERIOUS = frozenset(("medium", "high", "critical"))
# Words of a title that say: the detection is what lies outside the usual.
_UNUSUAL = re.compile(
    r"\b(un(common|usual|expected|known|typical|signed)|non[- ]?\w+|rare|abnormal|"
    r"anomal\w+|masquerad\w*|renamed?|rogue|spoof\w*|outside|without|other than|not from|not in|external|public|internet|"
    r"side[- ]?load\w*|hijack\w*|suspicious (parent|location|path|folder|directory|child)|wrong|mismatch\w*|imperson\w*)\b",
    re.IGNORECASE,
)
_SYSTEM_FOLDERS = (
    "\\windows\\system32",
    "\\windows\\syswow64",
    "\\windows\\winsxs",
    "\\windows\\",
    "/usr/",
    "/bin/",
    "/sbin/",
    "/system/",
)
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "10.", "192.168.", "172.16.")
_OUTCOMES = frozenset((
    "status", "resulttype", "result", "outcome", "event.outcome", "action", "event.action", "errorcode", "error_code",
    "success", "keywords", "event.type", "eventtype", "event_type", "security_result.action", "resultdescription",
    "logontype", "sc-status", "responsecode", "http.response.status_code", "http_status",
))  # fmt: skip
_HOSTS = ("DestinationHostname", "QueryName", "c-uri", "cs-host")
_NAMES = ("OriginalFileName", "Product", "Description", "Company", "InternalName")


class Judge:
    """Kinds for the exclusions of a catalog's rules; made once from all of them."""

    def __init__(self, rules: Iterable[CatalogRule]) -> None:
        self._flagged: dict[Indicator, set[str]] = defaultdict(set)
        self._titles: dict[str, str] = {}
        for rule in rules:
            self._titles[rule.id] = rule.title
            if rule.level in SERIOUS:
                for indicator in rule.indicators:
                    self._flagged[indicator].update(rule.classes)

    def kinds(self, record: Record) -> list[tuple[str, str]]:
        """(kind, class) of each of a record's leaves."""
        facts = _Facts(record)
        return [self._kind(leaf, record, facts) for leaf in record.leaves]

    def _kind(self, leaf: Leaf, record: Record, facts: _Facts) -> tuple[str, str]:
        cls = benign_class(leaf.indicator)
        if leaf.listed:
            return "list", cls
        if facts.definitional(leaf.indicator):
            return "definitional", cls
        if cls == NO_CLASS and self._delegated(leaf.indicator, record):
            return "delegated", cls
        return "benign", cls

    def _delegated(self, indicator: Indicator, record: Record) -> bool:
        words = set(re.findall(r"[a-z0-9]{4,}", indicator.value.lower()))
        for name in record.mentions:
            title = self._titles.get(name, "").lower()
            if any(word in title for word in words):
                return True
        if len(indicator.value) < 4:
            return False
        return not self._flagged[indicator].isdisjoint(record.rule.classes)


class _Facts:
    """What of a rule's positive side decides whether a negation is the detection."""

    def __init__(self, record: Record) -> None:
        rule = record.rule
        self.title = rule.title
        self.unusual = bool(_UNUSUAL.search(rule.title)) or any(one.startswith("T1036") for one in rule.techniques)
        self.named: dict[str, set[str]] = defaultdict(set)
        self.fields: set[str] = set()
        for field, op, value in rule.indicators:
            self.fields.add(field)
            if op == "eq":
                self.named[field].add(value)
        self.identities = {value for field in _NAMES for value in self.named[field]}
        self.networks = {leaf.indicator.value for leaf in record.leaves if leaf.indicator.value.startswith(_PRIVATE)}

    def definitional(self, indicator: Indicator) -> bool:
        """Whether excluding this is what the rule is about."""
        field, _, value = indicator
        head, _, part = field.partition(".")
        if values.is_selector(field) or field.lower() in _OUTCOMES:
            return True
        if head in values.PATHS:
            names = self.named[f"{head}.name"]
            if part == "name" and (value in self.identities or (self.identities and self.unusual)):
                return True
            if part == "path" and names and self._home(value):
                return True
            if head == "ParentImage" and self.unusual and "parent" in self.title.lower():
                return True
        if field in ("SourceIp", "DestinationIp") and len(self.networks) >= 3:
            return True
        if field in ("DestinationPort", "SourcePort"):
            return self.unusual or "port" in self.title.lower()
        return field in _HOSTS and re.fullmatch(r"\.[a-z]{2,6}", value) is not None

    @staticmethod
    def _home(value: str) -> bool:
        return any(folder in value for folder in _SYSTEM_FOLDERS)


def defines(rule: Rule) -> bool:
    """Whether a rule under lint excludes something by definition: what it negates is (part of) what it detects."""
    from linter.catalog.corpora import record

    found = record(rule, rule.path)
    facts = _Facts(found)
    return any(facts.unusual or facts.definitional(leaf.indicator) for leaf in found.leaves)


def benign_class(indicator: Indicator) -> str:
    """Taxonomy's class of an excluded leaf; `other` where none fits."""
    try:
        from linter.taxonomy import classes
    except ImportError:
        return NO_CLASS
    return classes.classify(indicator.field, indicator.op, indicator.value) or NO_CLASS
