"""What a check says: a finding with its place, its evidence, and what could be done about it. Immutable."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from linter.source import Position

Severity = Literal["advice", "warning", "error"]
Persona = Literal["regular", "pedantic", "auditor"]
Confidence = Literal["low", "medium", "high"]
Applicability = Literal["safe", "unsafe", "display"]
SEVERITIES: tuple[Severity, ...] = ("advice", "warning", "error")
PERSONAS: tuple[Persona, ...] = ("regular", "pedantic", "auditor")
HELP_BASE = "https://siftlint.github.io/siftlint/checks/"


class RuleRef(NamedTuple):
    """A catalog rule named as evidence; `url` is its permalink or ""; `layer` is "" for the shipped catalog."""

    vendor: str
    id: str
    title: str
    url: str
    layer: str = ""


class Evidence(NamedTuple):
    """Counts of independent families (near-copies once) and the rules behind a finding; None: the check has no such count."""

    rules_here: int | None = None
    rules_considered: int | None = None
    families: int | None = None
    corpus_reach: int | None = None
    rules: tuple[RuleRef, ...] = ()


class AddExclusion(NamedTuple):
    """Exclude (field op value), in the rule's own vocabulary, with the `extra` (field, op, value) parts of its clause."""

    field: str
    op: str
    value: str
    extra: tuple[tuple[str, str, str], ...] = ()


class ReplaceTag(NamedTuple):
    """Write the technique `new` in place of `old`, whose text stands at [start, end)."""

    old: str
    new: str
    start: int
    end: int


class AddTag(NamedTuple):
    """Tag the rule with one more technique."""

    technique: str


class RemoveSelection(NamedTuple):
    """Drop a selection that the condition does not use."""

    name: str


class AnchorExclusion(NamedTuple):
    """Write the value at [start, end) as (op, value) instead: the anchored form of an evadable exclusion."""

    op: str
    value: str
    start: int
    end: int


Intent: TypeAlias = AddExclusion | ReplaceTag | AddTag | RemoveSelection | AnchorExclusion


class Edit(NamedTuple):
    """Replace the text at [start, end) (offsets in code points) by `text`."""

    start: int
    end: int
    text: str


class Fix(NamedTuple):
    """Edits that carry out an intent. `edits` is empty where there is only a text to copy, which `description` then holds."""

    applicability: Applicability
    description: str
    edits: tuple[Edit, ...]


class Finding(NamedTuple):
    """One finding. It cannot exist without a place; `start`/`end` are offsets, `begin`/`finish` their positions in the file.

    `subject` is what it is about (field, op, value or class): with check and rule it makes the fingerprint.
    """

    check: str
    severity: Severity
    confidence: Confidence
    persona: Persona
    path: str
    dialect: str
    rule_id: str
    rule_title: str
    start: int
    end: int
    begin: Position
    finish: Position
    message: str
    subject: tuple[str, ...] = ()
    evidence: Evidence = Evidence()
    intent: Intent | None = None
    fixes: tuple[Fix, ...] = ()

    @property
    def help_url(self) -> str:
        """The check's page."""
        return f"{HELP_BASE}{self.check}.html"

    @property
    def fingerprint(self) -> str:
        """16 hex digits of check + rule id (else path) + subject: no line, no count, no snapshot."""
        from hashlib import sha256  # not needed by a run whose findings nobody keeps

        parts = (self.check, self.rule_id or self.path, *self.subject)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
