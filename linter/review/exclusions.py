"""What rules for a technique commonly leave out, held against one rule: present, absent, or on a field its events lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from linter.catalog.model import exact_forms
from linter.reporters.markup import code, text
from linter.reporters.text import count
from linter.rule import Indicator, Rule
from linter.taxonomy import attack, schemas

if TYPE_CHECKING:
    from linter.catalog.load import Catalog

State = Literal["present", "absent", "not applicable"]
MARKS: dict[State, str] = {"present": "✅ present", "absent": "➖ absent", "not applicable": "· not applicable"}
TOP = 6  # exclusions of a technique
MOST = 3  # techniques of a rule
FEWEST = 3  # independent rules behind an exclusion that is listed
_HOW = {
    "eq": "is", "startswith": "starts with", "endswith": "ends with", "like": "matches", "re": "matches", "cidr": "is in",
    "token": "has", "keyword": "is said", "null": "is empty", "gt": "above", "gte": "at least", "lt": "below", "lte": "at most",
}  # fmt: skip


class Row(NamedTuple):
    """An exclusion, how many independent rules of the technique have it, and how this rule stands to it."""

    exclusion: Indicator
    families: int
    state: State


def rows(rule: Rule, technique: str, catalog: Catalog) -> list[Row]:
    """The technique's top benign exclusions, most frequent first. The rule and its copies do not count."""
    barred = catalog.related_to(rule)
    table = catalog.technique(technique)
    counted = []
    for row in table.exclusions(FEWEST, barred):
        if row.kind == "benign" and row.indicator.op != "exists":
            families = catalog.families(row.rules)
            if families >= FEWEST:
                counted.append((-families, row.indicator))
    own = {
        form
        for predicate in rule.predicates()
        if predicate.excluded
        for form in (*predicate.indicators, *exact_forms(predicate))
    }
    return [Row(one, -families, _state(one, own, rule, catalog)) for families, one in sorted(counted)[:TOP]]


def _state(one: Indicator, own: set[Indicator], rule: Rule, catalog: Catalog) -> State:
    if one in own:
        return "present"
    known = [schemas.has(cls, one.field) for cls in rule.classes]
    if True in known:
        return "absent"
    if None in known:
        tested = {schemas.base(row.field) for cls in rule.classes for row in catalog.event_class(cls).fields()}
        return "absent" if schemas.base(one.field) in tested else "not applicable"
    return "not applicable"


def table(rule: Rule, catalog: Catalog) -> Iterator[str]:
    """The lines of a rule's tables, one a technique; none where the catalog has nothing."""
    named = list(dict.fromkeys(one.id for one in rule.techniques))
    narrowest = [one for one in named if not any(other.startswith(f"{one}.") for other in named)]
    for technique in narrowest[:MOST]:
        found = rows(rule, technique, catalog)
        if not found:
            continue
        name = attack.lookup(technique)
        considered = len(catalog.technique(technique).rules)
        title = text(rule.title or rule.id or rule.path, 120)
        yield f"**{title}**: of {count(considered, 'rule')} for {text(technique)}{f' ({text(name.name)})' if name else ''}"
        yield ""
        yield "| commonly excluded | rules | here |"
        yield "|---|---:|---|"
        for row in found:
            yield f"| {what(row.exclusion)} | {row.families} | {MARKS[row.state]} |"
        yield ""


def what(one: Indicator) -> str:
    """An exclusion in words."""
    if not one.value:
        return f"{code(one.field, 60)} {'is empty' if one.op == 'null' else 'is empty text'}"
    return f"{code(one.field, 60)} {_HOW.get(one.op, one.op)} {code(one.value, 80)}"
