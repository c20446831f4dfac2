"""How likely a rule is to need tuning, compared with others: a score, and its reasons in words.

Points are natural-log odds. Their weights were fitted on which public Sigma rules gained an exclusion in 2022 and 2023, with
no use of when a rule was last tuned, which only a git history could tell; those of names, width and telling indicators are
the ones fitted for rules without exclusions. Level, status, age and technique foretell nothing, nor does whether other
vendors exclude a program that the rule names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from math import exp, log2
from typing import TYPE_CHECKING, NamedTuple

from linter import logic
from linter.catalog.model import positives
from linter.rule import Indicator, Predicate, Rule
from linter.taxonomy import values

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

# Points for the event class: how much ordinary activity such events hold.
_LOUD = frozenset(("network_connection", "image_load", "process_access", "create_remote_thread", "raw_access_thread"))
_LIVELY = frozenset((
    "registry_set", "registry_add", "registry_delete", "registry_event", "registry_rename", "registry", "file_event",
    "file_delete", "file_rename", "file_change", "file_access", "file_executable_detected", "file_block_executable",
    "dns_query", "dns", "pipe_created", "driver_load", "firewall",
))  # fmt: skip
_LIVELY_SERVICES = ("windows:codeintegrity-operational", "windows:firewall-as")
_RELATION = re.compile(
    r"\b(uncommon|unusual|non-\w+|renamed|locations?|folders?|parent|child|spawn\w*|sideload\w*|hijack\w*|connections?|load\w*)\b"
)
_ARTEFACT = re.compile(
    r"\b(hacktool|pua|invoke\w*|cmdlets?|discovery|obfuscat\w*|dump\w*|disabl\w*|accounts?|roles?|policy|download\w*)\b"
)
_NAMED = re.compile(r"\b(cve-\d{4}|malware|ransomware|apt\d*|trojan|stealer|backdoor|exploit\w*|cobalt ?strike|mimikatz)\b")
_SOFTWARE = re.compile(
    r"program files|appdata|programdata|update|install|chrome|firefox|edge|teams|onedrive|office|defender|symantec|mcafee|"
    r"sophos|citrix|vmware|google|adobe|java|python|/opt/|/usr/share|/applications/"
)
_WEAK_FIELDS = frozenset(
    ("logontype", "provider_name", "channel", "eventid", "eventtype", "initiated", "integritylevel", "level")
)
_PER_CHARACTER = {"eq": 1.2, "endswith": 1.0}
LIFT = ((1, 0.1), (2, 0.4), (3, 1.1), (4, 3.0), (5, 4.0), (6, 6.0))
TOP_LIFT = 14.0


class Reason(NamedTuple):
    """A reason and the points it adds (negative: it speaks for a quiet rule)."""

    text: str
    points: float


class Noise(NamedTuple):
    """`value` from 0 to 1 rises with `points`; `lift` is how many times the average rule needed tuning, measured there."""

    value: float
    points: float
    lift: float
    reasons: tuple[Reason, ...]

    def sentence(self) -> str:
        """What to tell a reader."""
        if self.lift >= 2:
            return f"about {self.lift:g} times as likely to need tuning as the average rule"
        if self.lift >= 1:
            return "about as likely to need tuning as the average rule"
        return f"about {self.lift:g} times as likely to need tuning as the average rule, which is quiet"


def noise(rule: Rule, catalog: Catalog, exclude: Collection[str] = ()) -> Noise | None:
    """The noise of a rule; `exclude` are handles that do not testify. None for a rule without conditions."""
    if not rule.trees:
        return None
    reasons = [reason for reason in _Scale(rule, catalog, exclude).reasons() if abs(reason.points) >= 0.005]
    points = sum(reason.points for reason in reasons)
    lift = next((lift for top, lift in LIFT if points < top), TOP_LIFT)
    reasons.sort(key=lambda reason: -abs(reason.points))
    return Noise(round(1 / (1 + exp(3.5 - points)), 6), round(points, 3), lift, tuple(reasons))


def bits_of(rule: Rule, catalog: Catalog, exclude: Collection[str] = ()) -> Callable[[Predicate], float]:
    """How telling each predicate of a rule is, in bits; 0.0 for a computed column."""
    return _Scale(rule, catalog, exclude).bits


class _Scale:
    def __init__(self, rule: Rule, catalog: Catalog, exclude: Collection[str]) -> None:
        self.rule = rule
        self.catalog = catalog
        self.exclude = exclude
        self.title = rule.title.lower()
        self.words = {word for cls in rule.classes for word in (cls, *cls.replace("/", ":").split(":"))}
        self.windows = "windows" in self.words or "windows" in rule.platforms
        self._bits: dict[tuple[str, str, str], float] = {}

    def reasons(self) -> list[Reason]:
        out = [Reason("reads Windows events", 1.1 if self.windows else 0.0), self._event(), *self._branches()]
        if _RELATION.search(self.title):
            out.append(Reason("is about a relation (which program, parent or place)", 0.2))
        if _ARTEFACT.search(self.title):
            out.append(Reason("is about an artefact (a tool, a flag, a file)", -0.4))
        if _NAMED.search(self.title) or "emerging-threats" in " ".join(self.rule.tags) + self.rule.path:
            out.append(Reason("names a tool, malware or vulnerability", -0.6))
        if any(one.field.startswith("Hashes") for one in positives(self.rule)):
            out.append(Reason("matches on hashes", -0.4))
        return out + self._exclusions()

    def _event(self) -> Reason:
        points = 0.0
        for cls in self.rule.classes:
            category = cls.partition("/")[0]
            if category in _LOUD:
                points = max(points, 1.0)
            elif category in _LIVELY or cls.startswith(_LIVELY_SERVICES):
                points = max(points, 0.6)
            elif cls == "process_creation/windows":
                points = max(points, 0.4)
        return Reason("its events hold much ordinary activity", 0.8 * points)

    def _branches(self) -> list[Reason]:
        bits, chosen = logic.weakest(self.rule, self.bits)
        best = max((self.bits(one) for one in self.rule.predicates() if not one.excluded), default=0.0)
        width = logic.width(self.rule)
        out = [
            Reason("one of its ways to match is loose", 0.7 * max(0.0, 15 - bits) / 15),
            Reason("none of its indicators is telling by itself", 0.4 * max(0.0, 10 - best) / 10),
            Reason("it has many ways to match", 0.7 * min(8.0, width) / 8),
        ]
        bases = {one.canonical.partition(".")[0] for one in chosen}
        if self.windows and "ParentImage" in bases and not bases & {"CommandLine", "ParentCommandLine"}:
            out.append(Reason("it looks at a parent process but at no command line", 0.4))
        return out

    def bits(self, predicate: Predicate) -> float:
        """How telling one predicate is, in bits, from its length and from how many rules use it."""
        if predicate.derived:
            return 0.0
        key = (predicate.canonical, predicate.op, predicate.value)
        found = self._bits.get(key)
        if found is None:
            found = self._bits[key] = self._bits_of(predicate)
        return found

    def _bits_of(self, predicate: Predicate) -> float:
        op, value = predicate.op, predicate.value
        if op in ("null", "exists"):
            return 0.3
        if op == "re":
            return min(8.0, 2 + 0.15 * len(value))
        top = 10.0
        base = predicate.canonical.partition(".")[0].lower()
        if op == "cidr" or base.endswith("port") or base in _WEAK_FIELDS or values.is_selector(predicate.canonical):
            top = 2.0
        length = _PER_CHARACTER.get(op, 0.8) * len(value)
        users = max((self._users(one) for one in predicate.indicators), default=0)
        return min(top, length, log2((self.catalog.total + 1) / (users + 1)))

    def _users(self, indicator: Indicator) -> int:
        return self.catalog.reach(indicator, self.exclude).total

    def _exclusions(self) -> list[Reason]:
        values_ = {(part.canonical, part.op, part.value) for clause in logic.exclusions(self.rule) for part in clause.parts}
        if not values_:
            return []
        out = [
            Reason("it has been tuned before", 1.1),
            Reason(f"it has {len(values_)} exclusions", 0.4 * min(5.0, log2(len(values_)))),
        ]
        if any(_SOFTWARE.search(value.lower()) for _, _, value in values_):
            out.append(Reason("its exclusions name installed software", 0.7))
        return out
