"""Which exclusions make sense for a rule: on a field its events have, of a case it can match and does not yet exclude.

Feasible(rule, one, peers).allows(indicator)
caveat(indicator)      how an attacker could walk into such an exclusion; "" for one that is anchored
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from linter import logic
from linter.rule import Indicator, Rule
from linter.taxonomy import schemas, values
from linter.taxonomy.schemas import base

if TYPE_CHECKING:
    from linter.catalog.peers import Peers, Profile

WITHIN, APART, OPEN = "within", "apart", ""
_TEXT = frozenset(("eq", "contains", "startswith", "endswith"))
_WRITABLE = (
    "\\users\\", "\\appdata\\", "\\temp\\", "\\programdata\\", "\\downloads\\", "\\windows\\tasks\\", "/tmp/", "/home/",
    "/users/", "/var/tmp/", "/dev/shm/", "\\public\\",
)  # fmt: skip
MAX_ALONE = 200  # exclusions of one field against which a case is held
MANY = 5  # rules that look at a field of a log: then it is no oddity of one kind of event
MAX_SETS = 64  # different sets of conditions on one field that are looked at

Condition = tuple[Indicator, ...]  # a predicate's indicators
# Conditions, each with whether it names a file; by tree: the sets of their numbers that branches have.
_On = tuple[list[tuple[Condition, bool]], list[list[tuple[int, ...]]]]


def caveat(leaf: Indicator) -> str:
    """How an attacker could walk into an exclusion, as a clause; "" where nothing is known against it."""
    field, op, value = leaf
    head, _, part = field.partition(".")
    if head in values.PATHS:
        if part == "name" and op in ("eq", "endswith", "contains", "startswith"):
            return "any file can carry that name"
        if any(folder in value for folder in _WRITABLE):
            return "users can write there"
        if op in ("contains", "endswith") and not value.startswith(("c:\\", "/")):
            return "such a folder can be made anywhere"
        return ""
    if head in values.COMMAND_LINES and op in ("contains", "endswith", "like"):
        return "whoever writes the command line can add that text"
    return ""


def _holds(op: str, value: str, text: str) -> bool:
    """Whether a whole text satisfies a comparison."""
    match op:
        case "eq":
            return text == value
        case "contains":
            return value in text
        case "startswith":
            return text.startswith(value)
        case "endswith":
            return text.endswith(value)
    return False


@lru_cache(maxsize=16384)
def relation(known: Indicator, other: Indicator) -> str:
    """What a known condition says of another on the same field: WITHIN (it always holds then), APART (never), OPEN."""
    if known == other:
        return WITHIN
    if known.field != other.field:
        if base(known.field) != base(other.field):
            return OPEN
        if other.op == "null" or known.op == "null":
            return APART
        return OPEN
    (_, k, left), (_, o, right) = known, other
    if "null" in (k, o):
        return WITHIN if k == o else APART
    if o == "exists":
        return WITHIN
    if "cidr" in (k, o) and k in ("eq", "cidr") and o in ("eq", "cidr"):
        return _networks(known, other)
    if k not in _TEXT or o not in _TEXT:
        return OPEN
    if k == "eq":
        return WITHIN if _holds(o, right, left) else APART
    if o == "eq":
        return OPEN if _holds(k, left, right) else APART
    if k == o and k != "contains":
        if _holds(k, right, left):
            return WITHIN
        return OPEN if _holds(k, left, right) else APART
    if o == "contains":
        return WITHIN if right in left else OPEN
    return OPEN


def _networks(known: Indicator, other: Indicator) -> str:
    from ipaddress import ip_address, ip_network

    try:
        if known.op == "eq":
            return WITHIN if ip_address(known.value) in ip_network(other.value, strict=False) else APART
        if other.op == "eq":
            return OPEN if ip_address(other.value) in ip_network(known.value, strict=False) else APART
        left, right = ip_network(known.value, strict=False), ip_network(other.value, strict=False)
        if left.version != right.version:
            return APART
        if left.subnet_of(right):  # type: ignore[arg-type]
            return WITHIN
        return OPEN if left.overlaps(right) else APART
    except (ValueError, TypeError):
        return OPEN


@lru_cache(maxsize=16384)
def forms(leaf: Indicator) -> tuple[Indicator, ...]:
    """The leaf, and what follows from it: the file name of a path, the extension of a name."""
    field, op, value = leaf
    head, _, part = field.partition(".")
    out = [leaf]
    if head in values.PATHS and part == "path" and op in ("eq", "endswith"):
        folder, last = values.cut(value)
        if folder and last:
            part, op, value = "name", "eq", last
            out.append(Indicator(f"{head}.name", "eq", last))
    if head in values.PATHS and part == "name" and op in ("eq", "endswith") and "." in value:
        out.append(Indicator(f"{head}.ext", "eq", value.rpartition(".")[2]))
    return tuple(out)


def is_place(leaf: Indicator) -> bool:
    """Whether a leaf is about where a file lies."""
    head, _, part = leaf.field.partition(".")
    return head in values.PATHS and part == "path" and leaf.op != "null"


class Feasible:
    """What may be proposed to one rule."""

    def __init__(self, rule: Rule, one: Profile, peers: Peers) -> None:
        self._rule = rule
        self._one = one
        self._looked_at = {base(indicator.field) for indicator in one.required} | one.fields
        used = [peers.fields_of(source) for source in one.sources]
        self._in_use = self._looked_at.union(*used)
        self._common = {field for fields in used for field, rules in fields.items() if rules >= MANY}
        self._alone: dict[str, list[Indicator]] = {}
        for own in one.excluded:
            if own.alone:
                self._alone.setdefault(own.indicator.field, []).append(own.indicator)
        # Where the rule itself excludes places of a program that it requires, more of them don't empty it.
        self._places = {base(own.indicator.field) for own in one.excluded if is_place(own.indicator)}
        self._listed = {base(p.canonical) for p in logic.predicates(rule) if p.listed and p.negated}
        self._fields: dict[str, bool] = {}
        self._sets: dict[str, _On] = {}
        self._trees = [logic.tree_branches(tree, 256).items for tree in rule.trees]

    def allows(self, leaf: Indicator) -> bool:
        """Whether a leaf may be proposed as an exclusion."""
        field = base(leaf.field)
        return (
            self.has(field)
            and not values.is_selector(leaf.field)
            and (field not in self._listed or leaf.op == "null")
            and not self._covered(leaf)
            and self._matches(leaf, field)
        )

    def has(self, field: str) -> bool:
        """Whether an event of the rule has the field."""
        known = self._fields.get(field)
        if known is None:
            found = [schemas.schema(cls) for cls in self._rule.classes]
            stated = any(one is not None and one.documented and field in one.fields for one in found)
            possible = any(one is None or not one.documented for one in found) and field in self._in_use
            known = field in self._looked_at or stated or (possible and self._akin(field))
            self._fields[field] = known
        return known

    def _akin(self, field: str) -> bool:
        """Whether a product's own field is common in the log or lies beside one that the rule looks at.

        A log may hold events of many kinds.
        """
        branch = field.rpartition(".")[0]
        return field.count(".") < 2 or field in self._common or any(other.startswith(branch + ".") for other in self._looked_at)

    def _covered(self, leaf: Indicator) -> bool:
        """Whether a filter of the rule takes this case away already."""
        for form in forms(leaf):
            own = self._alone.get(form.field, ())
            if form in own or any(relation(form, one) == WITHIN for one in own[:MAX_ALONE]):
                return True
        return False

    def _matches(self, leaf: Indicator, field: str) -> bool:
        """Whether the rule can match such a case, and is not made of it: a way of it would be emptied."""
        conditions, trees = self._on(field)
        home = is_place(leaf) and field not in self._places
        wanted = forms(leaf)
        answers = [WITHIN if home and names else self._says(one, leaf, wanted) for one, names in conditions]
        for ways in trees:
            possible = False
            for numbers in ways:
                said = [answers[number] for number in numbers]
                if WITHIN in said:
                    return False
                possible = possible or APART not in said
            if possible:
                return True
        return False

    @staticmethod
    def _says(condition: Condition, leaf: Indicator, wanted: Sequence[Indicator]) -> str:
        """What one predicate says of a leaf: it always holds when the leaf itself does, never when a form can't."""
        said = OPEN
        for known in condition:
            answer = relation(known, leaf)
            if answer == WITHIN:
                return WITHIN
            said = said or answer
        if said == OPEN and len(wanted) > 1:  # the leaf itself is the first of them
            return APART if any(relation(known, form) == APART for known in condition for form in wanted[1:]) else OPEN
        return said

    def _on(self, field: str) -> _On:
        """The conditions on a field, and the different sets of them that the branches of each tree have."""
        found = self._sets.get(field)
        if found is None:
            numbers: dict[Condition, int] = {}
            trees = []
            for branches in self._trees:
                sets: dict[tuple[int, ...], None] = {}
                for branch in branches:
                    on = {
                        numbers.setdefault(p.indicators, len(numbers))
                        for p in branch
                        if p.op != "re" and any(base(one.field) == field for one in p.indicators)
                    }
                    sets[tuple(sorted(on))] = None
                    if len(sets) >= MAX_SETS:
                        break
                trees.append(list(sets))
            found = self._sets[field] = [(one, _names(one)) for one in numbers], trees
        return found


def _names(condition: Condition) -> bool:
    """Whether a predicate asks for a file of some name."""
    return any(one.field.endswith(".name") and one.op in ("eq", "endswith") for one in condition)
