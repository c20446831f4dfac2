"""Which editor carries out an intent."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from linter import logic
from linter.dialects.edit import proof
from linter.dialects.edit.base import Refused, parts
from linter.finding import AddExclusion, Edit, Fix, Intent, ReplaceTag
from linter.rule import Rule
from linter.source import Source


class Editor(Protocol):
    """What a dialect's editor offers."""

    def fix(self, source: Source, rule: Rule, intent: Intent) -> Fix:
        """The edits of an intent. Refused where it can't be carried out."""

    def text(self, intent: AddExclusion) -> str:
        """The exclusion as it is typed, to be copied; "" when the language has no way to write it."""


def fix(source: Source, rule: Rule, intent: Intent) -> Fix:
    """The edits that carry out an intent in a rule's file; a Fix without edits is a text to copy. Refused says why not."""
    if isinstance(intent, AddExclusion) and _has(rule, intent):
        raise Refused("the rule excludes it already")
    if isinstance(intent, ReplaceTag) and rule.dialect != "elastic":
        return replace_tag(source, rule.dialect, intent)
    return _editor(rule.dialect).fix(source, rule, intent)


def text(dialect: str, intent: AddExclusion) -> str:
    """The exclusion in a dialect's own words, to be copied; "" when it has none."""
    return _editor(dialect).text(intent)


def _editor(dialect: str) -> Editor:
    return cast(Editor, import_module(f"linter.dialects.edit.{dialect}"))


def _has(rule: Rule, intent: AddExclusion) -> bool:
    """Whether a clause of the rule's takes away exactly this."""
    wanted = parts(intent)
    return any(
        not clause.rest
        and len(clause.parts) == len(wanted)
        and all(any(proof.is_part(leaf, part, rule) for leaf in clause.parts) for part in wanted)
        for clause in logic.exclusions(rule)
    )


def replace_tag(source: Source, dialect: str, intent: ReplaceTag) -> Fix:
    """The new id where the old one stands; the old one taken out where the new one stands beside it."""
    start, end = intent.start, intent.end
    if source.text[start:end].strip().upper() != intent.old.strip().upper():
        raise Refused(f"{intent.old} does not stand there as such")
    if "attack.mitre.org" in source.text[max(0, start - 60) : start]:
        return Fix("display", f"write {intent.new} for {intent.old}; here it is part of an address", ())
    if dialect != "yaral":
        from linter.dialects.edit import yaml_tags

        edit = yaml_tags.doubled(source, intent)
        if edit is not None:
            return Fix("safe", f"remove {intent.old}: its successor {intent.new} is tagged already", (edit,))
    return Fix("safe", f"replace {intent.old} by {intent.new}", (Edit(start, end, intent.new),))
