"""Sigma filter documents: exclusions for a rule that one does not own, kept in a file of their own that refers to the rule."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from linter.dialects.edit import sigma_slug, sigma_text, yaml_layout
from linter.dialects.edit.base import Refused, parts
from linter.dialects.edit.sigma_text import Spelled
from linter.dialects.yamldoc import Mapping, YamlError, documents, text_of
from linter.dialects.yamldoc import Sequence as YamlSequence
from linter.finding import AddExclusion
from linter.rule import Rule
from linter.source import Source

_SPACE = UUID("6c1f0a52-8f0e-5f0b-9d0f-5a1f6b0d7a11")  # of the ids of our filters: the same exclusions give the same id
_PARTS = ("category", "product", "service")


def as_filter(source: Source, rule: Rule, suggestions: Sequence[AddExclusion]) -> str:
    """A Sigma filter document that takes the suggestions away from the rule: YAML, with its last line end.

    Refused when the rule is no Sigma rule with an id and a log source of its own, or none of the suggestions can be written.
    """
    if rule.dialect != "sigma" or rule.kind in ("correlation", "filter"):
        raise Refused("only a Sigma rule can have a Sigma filter")
    if not rule.id:
        raise Refused("the rule has no id to refer to")
    logsource = _logsource(source, rule)
    filters: dict[str, list[Spelled]] = {}
    for one in suggestions:
        try:
            spelled = sigma_text.together(parts(one))
        except Refused:
            continue
        slug, _ = sigma_slug.name(rule, parts(one))
        name = next(name for name in (f"filter_{slug}{_tail(number)}" for number in range(1, 1000)) if name not in filters)
        filters[name] = spelled
    if not filters:
        raise Refused("there is nothing to exclude that Sigma can write")
    lines = [
        f"title: {yaml_layout.scalar(f'Filter: {rule.title}'[:250])}",
        f"id: {uuid5(_SPACE, rule.id + repr(sorted(filters.items())))}",
        "status: experimental",
        "description: Exclusions that rules like this one have, to be reviewed before use",
        "logsource:",
        *(f"    {name}: {yaml_layout.scalar(value, '')}" for name, value in logsource),
        "filter:",
        "    rules:",
        f"        - {yaml_layout.scalar(rule.id, '')}",
    ]
    for name, spelled in filters.items():
        lines.append(f"    {name}:")
        for part in spelled:
            lines += _lines(part)
    lines.append("    condition: not 1 of filter_*" if len(filters) > 1 else f"    condition: not {next(iter(filters))}")
    return "\n".join(lines) + "\n"


def _tail(number: int) -> str:
    return "" if number == 1 else f"_{number}"


def _lines(part: Spelled) -> list[str]:
    if not part.key:
        return [f"        - {part.scalar(_QUOTE)}"]
    key = yaml_layout.key(part.key)
    if not part.more:
        return [f"        {key}: {part.scalar(_QUOTE)}"]
    return [f"        {key}:", *(f"            - {each.scalar(_QUOTE)}" for each in (part, *part.more))]


_QUOTE = "'"


def _logsource(source: Source, rule: Rule) -> list[tuple[str, str]]:
    """The rule's category, product and service, as written."""
    start = rule.anchor("logsource")[0]
    try:
        roots = documents(source)
    except YamlError as error:
        raise Refused(f"the file is not YAML: {error.message}") from None
    for root in roots:
        for item in root.items if isinstance(root, YamlSequence) else [root]:
            key = item.key("logsource") if isinstance(item, Mapping) else None
            node = item.get("logsource") if isinstance(item, Mapping) else None
            if key is not None and key.start == start and isinstance(node, Mapping):
                found = [(name, text_of(node.get(name)).strip()) for name in _PARTS]
                found = [(name, value) for name, value in found if value]
                if found:
                    return found
    raise Refused("the rule has no log source of its own")
