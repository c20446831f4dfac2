"""What a check is made of, and what it is given.

A check is one module. Its docstring is its documentation page, `CHECK` declares it, `check(context)` yields findings, and
`VALID` and `INVALID` are at once its tests, the examples that `siftlint explain` prints, and those on its web page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from linter.finding import PERSONAS, SEVERITIES, Confidence, Evidence, Finding, Intent, Persona, Severity
from linter.rule import Event, Reading, Rule
from linter.source import Position, Source

if TYPE_CHECKING:
    from linter.catalog.load import Catalog
    from linter.taxonomy.fields import Row

Scope = Literal["rule", "file", "run"]
QUIET_FOR = ("deprecated", "unsupported", "threat-hunting", "informational", "low", "building-block", "base")
ALL_DIALECTS = ("sigma", "elastic", "splunk", "kusto", "yaral")


class CheckInfo(NamedTuple):
    """What a check declares. `id` is its module's name with `-`; `summary` is one line, without a full stop.

    `scope` says what it is given: a `RuleContext`, `FileContext` or `RunContext`. `statistical` checks argue from what other
    rules do; they are silent for the kinds of rules in `Options.quiet_for`.
    """

    id: str
    summary: str
    severity: Severity
    persona: Persona = "regular"
    confidence: Confidence = "high"
    statistical: bool = False
    dialects: tuple[str, ...] = ALL_DIALECTS
    scope: Scope = "rule"


class Example(NamedTuple):
    """A rule text written for the documentation; an invalid one gives a finding on `line` whose message holds `message`.

    `persona` is the one it is linted with. `catalog` names what it is held against: "" for the shipped snapshot.
    """

    title: str
    text: str
    message: str = ""
    line: int = 0
    dialect: str = "sigma"
    persona: Persona = "regular"


class Options(NamedTuple):
    """How one file is linted: which checks, how loud, for whom. `select` empty: every check.

    `severity` is (check, severity) pairs that replace the check's own; `quiet_for` the kinds of rules for which statistical
    checks are silent; `changed` the line ranges (first, last) that a change touched, None when that is not known;
    `fields` the rows that name a user's own fields.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    persona: Persona = "regular"
    severity: tuple[tuple[str, Severity], ...] = ()
    quiet_for: tuple[str, ...] = QUIET_FOR
    changed: tuple[tuple[int, int], ...] | None = None
    fields: tuple[Row, ...] = ()

    def wants(self, check: str) -> bool:
        """Whether a check of this id runs at all."""
        return check not in self.ignore and (not self.select or check in self.select)

    def hears(self, persona: Persona) -> bool:
        """Whether a finding meant for `persona` is shown."""
        return PERSONAS.index(persona) <= PERSONAS.index(self.persona)

    def touches(self, first: int, last: int) -> bool:
        """Whether a change is known to have touched one of these lines."""
        return self.changed is not None and any(start <= last and first <= end for start, end in self.changed)


class Counted(NamedTuple):
    """The catalog rules behind a finding's counts, by handle: all that were considered, near-copies too, and those of them
    of which `what` is true ("exclude it").
    """

    considered: Collection[str]
    here: Collection[str]
    what: str


class RuleRow(NamedTuple):
    """What a run keeps of each rule: for the report, and for checks over the whole run."""

    path: str
    dialect: str
    id: str
    title: str
    start: int
    end: int
    begin: Position
    finish: Position
    kind: str
    techniques: tuple[str, ...]
    events: tuple[Event, ...]
    exclusions: int
    noise: float | None
    bases: tuple[str, ...] = ()  # ids of the rules that this correlation is built on


class _Context:
    def __init__(self, options: Options, info: CheckInfo) -> None:
        self.options = options
        self.info = info

    def _severity(self, severity: Severity | None) -> Severity:
        return dict(self.options.severity).get(self.info.id, severity or self.info.severity)


class RuleContext(_Context):
    """One rule, its file's text, and the catalog (read when first asked for). `shared` is for work that several checks need,
    `info` is of the check that runs.

    `counted` keeps, by finding, how to tell the rules behind its counts, for those who ask for all of them.
    """

    def __init__(
        self,
        options: Options,
        info: CheckInfo,
        rule: Rule,
        source: Source,
        load: Callable[[], Catalog],
        shared: dict[str, object] | None = None,
    ) -> None:
        super().__init__(options, info)
        self.rule = rule
        self.source = source
        self.load = load
        self.shared: dict[str, object] = {} if shared is None else shared
        self.counted: dict[Finding, Callable[[], Counted]] = {}

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, with the layers of the configuration."""
        return self.load()

    @property
    def related(self) -> frozenset[str]:
        """The handles of the rules that must not testify for this one: itself, its copies and kin. Found once a rule."""
        found = self.shared.get("related")
        if not isinstance(found, frozenset):
            found = self.shared["related"] = self.catalog.related_to(self.rule)
        return found

    def finding(
        self,
        span: tuple[int, int],
        message: str,
        *,
        subject: Sequence[str] = (),
        evidence: Evidence | None = None,
        intent: Intent | None = None,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        persona: Persona | None = None,
        counted: Callable[[], Counted] | None = None,
    ) -> Finding:
        """A finding at the offsets [start, end) of the file. What is not given is as the check declares it."""
        rule = self.rule
        start, end = span
        made = Finding(
            self.info.id, self._severity(severity), confidence or self.info.confidence, persona or self.info.persona,
            rule.path, rule.dialect, rule.id, rule.title, start, end, self.source.position(start), self.source.position(end),
            message, tuple(subject), evidence or Evidence(), intent,
        )  # fmt: skip
        if counted is not None:
            self.counted[made] = counted
        return made


class FileContext(_Context):
    """One file: its text, its dialect, and what the dialect made of it."""

    def __init__(self, options: Options, info: CheckInfo, source: Source, dialect: str, reading: Reading) -> None:
        super().__init__(options, info)
        self.source = source
        self.dialect = dialect
        self.reading = reading

    def finding(
        self, span: tuple[int, int], message: str, *, rule_id: str = "", title: str = "", subject: Sequence[str] = ()
    ) -> Finding:
        """A finding at the offsets [start, end) of the file; what stands behind its last character is at its end."""
        start, end = (min(offset, len(self.source.text)) for offset in span)
        return Finding(
            self.info.id, self._severity(None), self.info.confidence, self.info.persona, self.source.path, self.dialect,
            rule_id, title, start, end, self.source.position(start), self.source.position(end), message, tuple(subject),
        )  # fmt: skip


class RunContext(_Context):
    """Everything that was read in this run. `options` are those of the file that the finding is in: see `finding`."""

    def __init__(
        self, options: Options, info: CheckInfo, rules: Sequence[RuleRow], options_of: Callable[[str], Options]
    ) -> None:
        super().__init__(options, info)
        self.rules = rules
        self.options_of = options_of

    def finding(self, row: RuleRow, message: str, *, subject: Sequence[str] = ()) -> Finding:
        """A finding on a rule's title."""
        self.options = self.options_of(row.path)
        return Finding(
            self.info.id, self._severity(None), self.info.confidence, self.info.persona, row.path, row.dialect,
            row.id, row.title, row.start, row.end, row.begin, row.finish, message, tuple(subject),
        )  # fmt: skip


class Check(Protocol):
    """What a check's module offers."""

    __name__: str
    __doc__: str | None
    CHECK: CheckInfo
    VALID: tuple[Example, ...]
    INVALID: tuple[Example, ...]

    def check(self, context: _Context) -> Iterator[Finding]:
        """The findings in what the context holds."""


def listed(words: Iterable[str], most: int = 3, joint: str = "and") -> str:
    """`a, b and 4 more`: a list as a sentence has it, at most `most` words long."""
    items = list(words)
    if len(items) > most:
        return f"{', '.join(items[:most])} {joint} {len(items) - most} more"
    return f" {joint} ".join(part for part in (", ".join(items[:-1]), items[-1] if items else "") if part)


def at_least(severity: Severity, floor: Severity) -> bool:
    """Whether a severity reaches another."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)
