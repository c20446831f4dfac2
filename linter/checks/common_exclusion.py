"""Points at a benign case that the rules around a rule commonly exclude, and the rule does not.

## What it does
Looks at the rules on the same events: all of them, those that share a technique with the rule, those that look for the same
program; for a Windows event that too few rules read, at the rules on its log that share its technique. When a tenth of such a
circle, or a quarter of all on the same events (independent rules, three at least, of ten at least), excludes the same benign
case, three of those that do are much like this rule, and the ranker holds the case for one of the likeliest here, the check
says so, with the rules that do.

## Why it matters
What other authors excluded is what fired at their sites. Seeing it before the merge is cheaper than learning it from alerts.
It is an observation about other rules, not a fault of this one: many rules are right without.

## When to ignore
When the case can't occur with what the rule looks for, or when it is exactly what the rule is about. Check first whether an
attacker could hide there: the message says so where that is known.

## How it is counted
Near-copies count once; the rule itself, its copies and the rules that it names don't testify. Only exclusions of benign
classes count (browsers, computer accounts, security products, …) that stand by themselves, neither those that another rule
covers nor those that are the detection itself. Silent: when the rule excludes something of that class on such a field already,
when its event lacks the field, when it could not match the case or would be emptied by it, when no rule of its own dialect
excludes it, and for rules that join several queries. What an attacker could walk into (a bare file name, a folder that users
can write to), what a twentieth of a circle excludes, and rules less alike are for the pedantic persona.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from linter.catalog.customs import Case, Circle, Custom, cases, customs, everyone
from linter.catalog.model import positives
from linter.checks.base import CheckInfo, Counted, Example, RuleContext
from linter.finding import AddExclusion, Evidence, Finding, Persona
from linter.taxonomy.classes import field_kind
from linter.taxonomy.schemas import base
from linter.taxonomy.values import is_selector

if TYPE_CHECKING:
    from linter.catalog.load import Catalog
    from linter.catalog.rank import Ranking, Suggestion
    from linter.rule import Indicator, Rule

CHECK = CheckInfo(
    "common-exclusion", "a benign case that rules around this one exclude", "advice", confidence="medium", statistical=True
)
KINDS = ("rule", "building_block", "base")
SHARE, WIDE_SHARE = 0.1, 0.25  # of a circle; of all rules on the same events
# How like the rule the three nearest that exclude it have to be (see catalog.peers): for every reader, also when they are MANY,
# also on an event that hardly any other rule reads; for pedants.
ALIKE, ALIKE_OF_MANY, ALIKE_ON_RARE, QUITE_ALIKE = 0.7, 0.6, 0.3, 0.3
MANY = 5
LEFT = 0.5  # of a circle, at the least, when those are gone that don't testify for a rule
MOST = 2  # findings a rule
SHOWN = 8
LIKELY = 10  # first suggestions of the ranker, of which it has to be one
FOLDERS = ("system_folder", "windows_folder", "user_folder", "temp_folder")
THINGS = {
    "empty_value": "empty values",
    "machine_account": "computer accounts",
    "system_account": "system accounts",
    "service_account": "service accounts",
    "local_network": "local addresses",
    "security_product": "security products",
    "browser": "browsers",
    "office_collaboration": "office and collaboration software",
    "management_agent": "management agents",
    "backup_storage": "backup and storage software",
    "virtualization": "virtualisation software",
    "container_runtime": "container runtimes",
    "cloud_service": "cloud services",
    "hardware_vendor": "hardware makers' software",
    "database_server": "database and web servers",
    "developer_tool": "developer tools",
    "servicing": "the system's own servicing",
    "installer_updater": "installers and updaters",
    "scripting_host": "shells and script hosts",
    "trusted_signer": "trusted signers",
    "consumer_app": "consumer software",
    "system_program": "programs of the system",
    "program_folder": "program folders",
    "windows_folder": "the Windows folder",
    "system_folder": "system folders",
    "temp_folder": "temporary folders",
    "user_folder": "users' folders",
}
_PRODUCTS = {"windows": "Windows", "linux": "Linux", "macos": "macOS", "aws": "AWS", "gcp": "GCP", "m365": "Microsoft 365"}
_OPS = {"eq": "is", "startswith": "starts with", "endswith": "ends with", "contains": "contains", "null": "is null"}
_Class = tuple[str, str]


def check(context: RuleContext) -> Iterator[Finding]:
    """At most MOST findings, one a class of cases, the most common first."""
    rule = context.rule
    if rule.kind not in KINDS or len(rule.trees) != 1 or not rule.classes:
        return
    catalog = context.catalog
    vendor, lacks = rule.vendor, _Lacks(rule)
    pedantic = context.options.hears("pedantic")

    def shown(circle: Circle) -> list[Case]:
        return _shown(catalog, circle, vendor, pedantic)

    best: dict[_Class, list[Custom]] = {}
    for one in customs(rule, catalog, lambda: context.related, shown, lacks.case):
        if any(catalog.vendor(handle) == vendor for handle in one.rules):
            best.setdefault((field_kind(one.indicator.field), one.cls), []).append(one)
    if not pedantic:
        best = {cls: found for cls, found in best.items() if any(map(_common, found))}
    if best:
        yield from _confirmed(context, best)


@lru_cache(maxsize=2048)
def _shown(catalog: Catalog, circle: Circle, vendor: str, pedantic: bool) -> list[Case]:
    """The cases of a circle that rules of a vendor exclude and that a reader would hear of."""
    least = LEFT * _wanted(circle)
    return [
        case
        for case in cases(catalog, circle)
        if vendor in case.vendors and (pedantic or not (case.share < least or case.caveat or case.cls in FOLDERS))
    ]


class _Lacks:
    """What a rule itself says against a case; found when it is first asked for."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._classes: dict[str, frozenset[str]] = {}  # kind of field → see `_excluded`

    def case(self, case: Case) -> bool:
        """Whether a rule has nothing like a case yet.

        Empty values are worth excluding only on a field by which the rule excludes something, places of a program only where
        the rule does not name it; what happens inside a container is not its runtime's doing.
        """
        from linter.catalog.feasible import is_place

        field = base(case.indicator.field)
        if case.cls == "empty_value":
            fits = field in self._fields
        elif case.cls == "container_runtime" and case.field == "image" and self._container:
            fits = False
        else:
            fits = field not in self._programs or not is_place(case.indicator)
        return fits and case.cls not in self._excluded(case.field)

    @cached_property
    def _leaves(self) -> list[Indicator]:
        from linter.catalog.peers import leaves

        return [leaf.indicator for leaf in leaves(self._rule)]

    def _excluded(self, kind: str) -> frozenset[str]:
        """The classes of cases that the rule excludes on a kind of field."""
        found = self._classes.get(kind)
        if found is None:
            from linter.catalog.kinds import benign_class

            found = frozenset(benign_class(leaf) for leaf in self._leaves if field_kind(leaf.field) == kind)
            self._classes[kind] = found
        return found

    @cached_property
    def _fields(self) -> frozenset[str]:
        """The fields by which it excludes."""
        return frozenset(base(leaf.field) for leaf in self._leaves)

    @cached_property
    def _programs(self) -> frozenset[str]:
        """The fields by which it looks for files of some name."""
        return frozenset(base(one.field) for one in positives(self._rule) if one.field.endswith(".name"))

    @cached_property
    def _container(self) -> bool:
        return any(one.field.startswith("container.") for one in positives(self._rule))


def _confirmed(context: RuleContext, best: dict[_Class, list[Custom]]) -> Iterator[Finding]:
    """The findings on what the ranker holds for likely. Ranking is dear: what can't be among its first is left out before."""
    from linter.catalog.feasible import caveat
    from linter.catalog.rank import Ranking

    ranking = Ranking(context.rule, context.catalog, context.related)
    allowed = ranking.allowed.allows
    possible = {cls: [one for one in found if allowed(one.indicator)] for cls, found in best.items()}
    possible = {cls: found for cls, found in possible.items() if found}
    if not possible:
        return
    hears = context.options.hears("pedantic")
    possible = {cls: found for cls, found in possible.items() if any(_may_be_shown(one, ranking, hears) for one in found)}
    if not possible:
        return
    suggestions = ranking.suggestions(LIKELY)
    likely = {one.indicator: one for one in suggestions}
    order = {one.indicator: -at for at, one in enumerate(suggestions)}
    shown: list[tuple[bool, float, Custom]] = []
    for cls, found in possible.items():
        found = [one for one in found if one.indicator in likely]
        if found:
            # An anchored form goes before one that an attacker can walk into.
            chosen = max(
                found,
                key=lambda one: (not caveat(one.indicator), _common(one), one.share, len(one.rules), order[one.indicator]),
            )
            alike = ranking.alike(chosen.rules)
            quiet = (
                bool(caveat(chosen.indicator)) or cls[1] in FOLDERS or not _common(chosen) or alike < _enough(chosen, ranking)
            )
            if alike >= QUITE_ALIKE:
                shown.append((quiet, -chosen.share, chosen))
    for quiet, _, chosen in sorted(shown)[:MOST]:
        yield _finding(context, chosen, likely[chosen.indicator], "pedantic" if quiet else "regular")


def _may_be_shown(one: Custom, ranking: Ranking, pedantic: bool) -> bool:
    alike = ranking.alike(one.rules)
    return alike >= QUITE_ALIKE if pedantic else _common(one) and alike >= _enough(one, ranking)


def _enough(one: Custom, ranking: Ranking) -> float:
    """How like the rule the nearest that exclude a case have to be, for every reader to hear of it."""
    if one.circle.cls not in ranking.rule.classes:
        return ALIKE_ON_RARE if _akin(ranking.catalog, one, ranking.one.required) else ALIKE
    return ALIKE_OF_MANY if len(one.rules) >= MANY else ALIKE


def _akin(catalog: Catalog, one: Custom, required: Collection[Indicator]) -> bool:
    """Whether a rule that excludes it looks at a field that the rule under lint looks at: a log holds many kinds of events."""
    fields = {base(other.field) for other in required if not is_selector(other.field)}
    return any(base(other.field) in fields for rule in catalog.rules(one.rules) for other in rule.indicators)


def _common(one: Custom) -> bool:
    """Whether a share is large enough for every reader."""
    return one.share >= _wanted(one.circle)


def _wanted(circle: Circle) -> float:
    """The share of a circle that every reader would hear of."""
    return SHARE if circle.technique or circle.program else WIDE_SHARE


def _finding(context: RuleContext, one: Custom, suggestion: Suggestion, persona: Persona) -> Finding:
    catalog = context.catalog
    order = {handle: at for at, handle in enumerate(suggestion.rules)}  # most like this rule first
    rules = catalog.rules(sorted(one.rules, key=lambda handle: (order.get(handle, len(order)), handle))[:SHOWN])
    native = suggestion.native
    but = f" Mind that {suggestion.caveat}." if suggestion.caveat else ""
    start, _ = context.rule.anchor("condition" if context.rule.dialect == "sigma" else "query")
    end = context.source.line_span(start)[1]
    return context.finding(
        (start, end),
        f"{len(one.rules)} of {one.considered} rules {_around(one.circle)} exclude {THINGS[one.cls]} ({_said(*native)}), e.g. "
        f"“{rules[0].title}”; this one does not.{but}",
        subject=(field_kind(one.indicator.field), one.cls),
        evidence=Evidence(len(one.rules), one.considered, len(one.rules), None, tuple(rule.ref for rule in rules)),
        intent=AddExclusion(*native),
        persona=persona,
        counted=lambda: Counted(*everyone(catalog, one, context.related), "exclude it"),
    )


def _said(field: str, op: str, value: str) -> str:
    return f"{field} {_OPS.get(op, op)}" + (f" `{value}`" if value else "")


def _around(circle: Circle) -> str:
    """The circle, as a sentence has it: `on Windows Security 5140 tagged T1021.002`."""
    text = f"on {events(circle.cls)}"
    if circle.technique:
        text += f" tagged {circle.technique}"
    if circle.program:
        text += f" that look for {circle.program}"
    return text


def events(cls: str) -> str:
    """An event class in words: `Windows process creation`, `Windows Security 5140`, `AWS cloudtrail`."""
    category, slash, product = cls.partition("/")
    if slash:
        name = _PRODUCTS.get(product, product)
        return category.replace("_", " ") if product == "any" else f"{name} {category.replace('_', ' ')}"
    parts = cls.split(":")
    if parts[0] == "windows" and len(parts) > 1:
        parts[1] = parts[1].title()
    return " ".join([_PRODUCTS.get(parts[0], parts[0]), *parts[1:]])


_RULE = """\
title: Access to an administrative share {number}
id: 91b1c1f2-8a43-4c0b-8f69-6f2f6a1d01{number}
status: test
tags: [attack.lateral-movement, attack.t1021.002]
logsource: {{product: windows, service: security}}
detection:
  selection:
    EventID: 5140
    ShareName|endswith: '\\C$'
{more}level: medium
"""
VALID = (
    Example(
        "It excludes them",
        _RULE.format(
            number="01",
            more="  filter_main_computers:\n    SubjectUserName|endswith: '$'\n"
            "  condition: selection and not 1 of filter_main_*\n",
        ),
    ),
)
INVALID = (
    Example(
        "Computers reach shares all day",
        _RULE.format(number="02", more="  condition: selection\n"),
        "SubjectUserName ends with `$`",
        10,
    ),
)
