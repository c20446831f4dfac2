"""Sigma: an added exclusion is a named filter in the file's own style; a selection or a tag is one line more or less.

An added exclusion touches only the lines that it adds and the condition's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from linter.dialects.edit import sigma_filters, sigma_slug, sigma_text, yaml_items, yaml_layout
from linter.dialects.edit.base import Refused, line_end, parts
from linter.dialects.edit.sigma_filters import Condition, Plan, matches
from linter.dialects.edit.sigma_text import Spelled
from linter.dialects.yamldoc import Mapping, Node, Scalar, Sequence, YamlError, documents, embedded, text_of
from linter.finding import AddExclusion, AddTag, AnchorExclusion, Edit, Fix, Intent, RemoveSelection
from linter.rule import Rule
from linter.source import Source

_QUOTE = "'"
_NO_SELECTION = ("condition", "timeframe", "rules")


class Detection(NamedTuple):
    """A rule's detection in its file: its key, its mapping, its own (key, value) pairs in order, and its conditions."""

    key: Scalar
    mapping: Mapping
    pairs: list[tuple[Scalar, Node]]
    conditions: list[Scalar]

    @property
    def selections(self) -> list[tuple[Scalar, Node]]:
        """The named selections."""
        return [(key, node) for key, node in self.pairs if key.text not in _NO_SELECTION]


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits of an intent. Refused where it can't be carried out."""
    if isinstance(intent, AddExclusion):
        return add_exclusion(source, rule, intent)
    if isinstance(intent, RemoveSelection):
        return remove_selection(source, rule, intent.name)
    if isinstance(intent, AddTag):
        return add_tag(source, rule, intent.technique)
    if isinstance(intent, AnchorExclusion):
        made = sigma_text.spelled("Field", intent.op, intent.value)
        key = made.key.removeprefix("Field")
        said = f"`{key}: {made.scalar(_QUOTE)}`" if key else f"`{made.scalar(_QUOTE)}`, without a modifier,"
        return Fix("display", f"write {said} there", ())
    raise Refused("Sigma knows no such fix")


def text(intent: AddExclusion) -> str:
    """The filter's lines, in one: `User|endswith: '$'`."""
    try:
        spelled = sigma_text.together(parts(intent))
    except Refused:
        return ""
    return "`" + ", ".join(f"{one.key}: {_value(one, _QUOTE)}".removeprefix(": ") for one in spelled) + "`"


def locate(source: Source, rule: Rule) -> Detection:
    """The detection of a rule. Refused where it is put together from several places."""
    start, _ = rule.anchor("detection")
    try:
        roots = documents(source)
    except YamlError as error:
        raise Refused(f"the file is not YAML: {error.message}") from None
    for root in roots:
        for item in root.items if isinstance(root, Sequence) else [root]:
            if not isinstance(item, Mapping):
                continue
            key, node = item.key("detection"), item.get("detection")
            if key is None or not isinstance(node, Mapping) or key.start != start:
                continue
            if node.start < key.end:
                raise Refused("the detection is an alias of another one")
            pairs = [(name, value) for name, value in node.items if name.start >= node.start]
            condition = node.get("condition")
            found = condition.items if isinstance(condition, Sequence) else [condition]
            scalars = [one for one in found if isinstance(one, Scalar) and node.start <= one.start < node.end]
            if len(scalars) != len(found) or not scalars or (condition and condition.start != rule.anchor("condition")[0]):
                raise Refused("the condition stands elsewhere than the selections")
            if node.duplicates:
                raise Refused("a key of the detection is repeated")
            return Detection(key, node, pairs, scalars)
    raise Refused("the detection is put together from several documents")


# an exclusion more


def add_exclusion(source: Source, rule: Rule, intent: AddExclusion) -> Fix:
    """A filter for the exclusion, or one more value of a filter that is a list of the same kind. Refused: see `locate`."""
    if rule.kind in ("correlation", "filter"):
        raise Refused(f"a {rule.kind} has no filters of its own")
    found = locate(source, rule)
    spelled = sigma_text.together(parts(intent))
    conditions = [Condition(embedded(source, one).text) for one in found.conditions]
    if len(spelled) == 1 and not spelled[0].more:
        longer = _longer_list(source, found, conditions, spelled[0])
        if longer is not None:
            name, edit = longer
            return Fix("unsafe", f"add {spelled[0].scalar(_QUOTE)} to `{name}`", (edit,))
    slug, optional = sigma_slug.name(rule, parts(intent))
    names = [key.text for key, _ in found.selections] or [""]
    plan = sigma_filters.plan([one.text for one in conditions], names, slug, optional)
    edits = [_filter(source, found, plan, spelled)]
    for one, pieces in zip(found.conditions, plan.edits, strict=True):
        place = embedded(source, one)
        for piece in pieces:
            start = place.at(piece.start) if piece.start < piece.end or piece.start == 0 else place.end(0, piece.start)
            stop = place.end(piece.start, piece.end) if piece.start < piece.end else start
            edits.append(Edit(start, stop, piece.text))
    return Fix("unsafe", f"add `{plan.name}` and exclude it in the condition", tuple(sorted(edits)))


def _filter(source: Source, found: Detection, plan: Plan, spelled: list[Spelled]) -> Edit:
    """The filter's own lines, put behind the selection that the plan names, else behind the last before the condition."""
    selections = found.selections
    condition = next(key for key, _ in found.pairs if key.text == "condition")
    before = [pair for pair in selections if pair[0].start < condition.start] or selections
    behind = next((pair for pair in selections if pair[0].text == plan.behind), before[-1] if before else None)
    if behind is None:
        raise Refused("the detection has no selection of its own")
    style = yaml_layout.quotes(*(node for _, node in selections))
    if found.mapping.flow:
        return _in_flow(source, behind, plan.name, spelled, style)
    blanks = yaml_layout.margin(source, behind[0].start)
    if blanks is None:
        raise Refused("the selections do not stand on lines of their own")
    outer = len(blanks) - yaml_layout.column(source, found.key.start)
    inner = blanks + " " * yaml_layout.steps(found.mapping, source, outer if outer > 0 else 4)
    at = yaml_layout.body_end(source, *behind)
    end = line_end(source, max(0, at - 1))
    step = len(inner) - len(blanks)
    lines = [f"{blanks}{yaml_layout.key(plan.name, behind[0].style)}:"]
    for one in spelled:
        if not one.key:
            indent = blanks + " " * yaml_layout.list_steps(iter(selections), source, step)
            lines.append(f"{indent}- {one.scalar(style)}")
            continue
        key = yaml_layout.key(one.key, behind[0].style)
        if not one.more:
            lines.append(f"{inner}{key}: {one.scalar(style)}")
            continue
        fields = (pair for _, node in selections if isinstance(node, Mapping) for pair in node.items)
        indent = inner + " " * yaml_layout.list_steps(fields, source, step)
        lines.append(f"{inner}{key}:")
        lines += [f"{indent}- {each.scalar(style)}" for each in (one, *one.more)]
    gap = end if _spaced(source, selections) else ""
    return Edit(at, at, gap + "".join(end + line for line in lines))


def _spaced(source: Source, selections: list[tuple[Scalar, Node]]) -> bool:
    """Whether the file puts an empty line between its selections."""
    gaps = 0
    for (key, node), (after, _) in pairwise(selections):
        between = source.text[yaml_layout.end_of(key, node) : after.start]
        lines = between.splitlines()[1:-1]
        gaps += any(not line.strip() for line in lines)
    return len(selections) > 1 and gaps == len(selections) - 1


def _in_flow(source: Source, behind: tuple[Scalar, Node], name: str, spelled: list[Spelled], style: str) -> Edit:
    """`, filter: {Field: value}` behind a selection of a detection in braces."""
    key, node = behind
    text = source.text
    if node.start < key.end:
        raise Refused("the selection before it is an alias")
    at = yaml_layout.end_of(key, node)
    blanks = yaml_layout.margin(source, key.start)
    joint = f",{line_end(source, at)}{blanks}" if blanks is not None else ", "
    pairs = ", ".join(f"{yaml_layout.key(one.key, key.style)}: {_value(one, style)}" for one in spelled if one.key)
    body = f"{{{pairs}}}" if pairs else f"[{spelled[0].scalar(style)}]"
    colon = ": " if text[key.end : node.start] != ":" else ":"
    return Edit(at, at, f"{joint}{yaml_layout.key(name, key.style)}{colon}{body}")


def _value(one: Spelled, style: str) -> str:
    """A value, or a list of them in brackets."""
    values = [each.scalar(style) for each in (one, *one.more)]
    return f"[{', '.join(values)}]" if one.more else values[0]


def _longer_list(source: Source, found: Detection, conditions: list[Condition], one: Spelled) -> tuple[str, Edit] | None:
    """(name, edit) that adds a value to a filter which is nothing but a list of this field's values, where its name says
    that it is a general one; None when there is no such filter.
    """
    for key, node in found.selections:
        if not isinstance(node, Mapping) or node.flow or len(node.items) != 1 or not sigma_slug.is_general(key.text):
            continue
        field, values = node.items[0]
        if field.text != one.key or not one.key or not isinstance(values, Sequence) or values.flow or len(values.items) < 2:
            continue
        if not all(_excludes(condition, key.text) for condition in conditions):
            continue
        last = values.items[-1]
        scalars = [item for item in values.items if isinstance(item, Scalar) and item.style in ("", "'", '"')]
        if len(scalars) < len(values.items) or not values.start <= last.start < last.end:
            continue
        style = Counter(item.style for item in scalars).most_common(1)[0][0]
        edit = yaml_items.behind_last(source, values, one.scalar(style))
        if edit is not None:
            return key.text, edit
    return None


def _excludes(condition: Condition, name: str) -> bool:
    """Whether a condition's outermost AND takes away exactly what a selection says, and uses it nowhere else."""
    uses = sum(word == name for word in condition.names()) + sum(matches(p, name) for _, p in condition.patterns() if p != name)
    direct = any(one.name == name or (one.pattern and matches(one.pattern, name)) for one in condition.conjuncts)
    return uses == 1 and direct


# a selection less


def remove_selection(source: Source, rule: Rule, name: str) -> Fix:
    """Takes a selection out, with the comments that belong to it."""
    found = locate(source, rule)
    pair = next(((key, node) for key, node in found.selections if key.text == name), None)
    if pair is None:
        raise Refused(f"`{name}` does not stand in the detection")
    edit = yaml_items.without_key(source, found.mapping, found.pairs, pair)
    return Fix("safe", f"remove `{name}`", (edit,))


# a tag more


def add_tag(source: Source, rule: Rule, technique: str) -> Fix:
    """One more `attack.t…` tag, behind the last one of its kind."""
    tag = f"attack.{technique.lower()}"
    description = f"add the tag `{tag}`"
    for root in _roots(source):
        for key, node in root.items:
            if key.text != "tags" or key.start != rule.anchor("tags")[0]:
                continue
            if not isinstance(node, Sequence) or not node.items or node.start < key.end:
                raise Refused("the tags are no list")
            near = [item for item in node.items if text_of(item).lower().startswith("attack.t")]
            edit = yaml_items.behind(source, node, near[-1] if near else node.items[-1], tag)
            return Fix("safe", description, (edit,))
    for root in _roots(source):
        before = root.key("logsource") or root.key("detection")
        if before is None or before.start not in (rule.anchor("logsource")[0], rule.anchor("detection")[0]):
            continue
        if root.flow or (blanks := yaml_layout.margin(source, before.start)) is None:
            raise Refused("the rule is not laid out in lines")
        end = line_end(source, before.start)
        step = blanks + " " * yaml_layout.list_steps(iter(root.items), source, 4)
        at = before.start - len(blanks)
        return Fix("safe", description, (Edit(at, at, f"{blanks}tags:{end}{step}- {tag}{end}"),))
    raise Refused("the rule has no place for tags")


def _roots(source: Source) -> Iterator[Mapping]:
    for root in documents(source):
        for item in root.items if isinstance(root, Sequence) else [root]:
            if isinstance(item, Mapping):
                yield item
