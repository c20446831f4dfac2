"""Corpora → records: which files of a checkout are live rules, what each says, where the checkout comes from."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from linter import discover, jobs, logic
from linter.catalog.model import VENDORS, CatalogRule, exact_forms, positives
from linter.dialects import registry
from linter.rule import Indicator, Predicate, Rule
from linter.taxonomy import events as taxonomy_events

_NAMED = frozenset(("derived", "obsolete", "merged", "renamed", "similar"))
MAX_CLAUSES = 2000  # of several leaves, a rule; the largest public rule has some two hundred


class Corpus(NamedTuple):
    """A corpus to build from. `dialect` is the vendor's, or "auto" for a private one."""

    name: str
    folder: str
    dialect: str


class Leaf(NamedTuple):
    """An excluded leaf before its kind is known: its exact form, what it is a part of (`broad`), and the selection it is in."""

    indicator: Indicator
    broad: tuple[Indicator, ...]
    listed: bool
    alone: bool
    label: str


class Record(NamedTuple):
    """What the build keeps of a rule. `rule` has neither handle nor exclusions yet; clauses are factors of leaf numbers."""

    key: str
    rule: CatalogRule
    leaves: tuple[Leaf, ...]
    clauses: tuple[tuple[tuple[int, ...], ...], ...]
    written: tuple[tuple[Indicator, str], ...]
    spellings: tuple[tuple[str, str, str, str, str], ...]  # canonical field, op, native field, native op, template
    titles: tuple[tuple[str, str, str, str], ...]  # provider, id, class, title
    names: tuple[str, ...]
    mentions: tuple[str, ...]
    corpus: str = ""


def corpus(text: str) -> Corpus:
    """The corpus of `name=DIR`. ValueError with a sentence when it is none."""
    name, equals, folder = text.partition("=")
    if not equals or not name or not folder:
        raise ValueError(f"--corpus wants NAME=DIR, not {text!r}")
    if not Path(folder).is_dir():
        raise ValueError(f"--corpus {name}: {folder} is no folder")
    return Corpus(name, folder, name if name in VENDORS else "auto")


def live(dialect: str, path: str) -> bool:
    """Whether a path in a vendor's repository is that of a live rule."""
    parts = path.split("/")
    match dialect:
        case "sigma":
            return parts[0].startswith("rules")
        case "elastic":
            return "_deprecated" not in parts
        case "splunk":
            return parts[0] == "detections" and "deprecated" not in parts
        case "yaral":
            return "_deprecated" not in parts and parts[0] != "tools"
    return True


def files(one: Corpus) -> list[str]:
    """The paths below the corpus of its live rules' files, sorted, with `/`."""
    found = discover.find([one.folder], wanted=one.dialect)
    base = discover.tidy(one.folder).rstrip("/") + "/"
    if base == "./":
        base = ""
    paths = [path.removeprefix(base) for path in found if isinstance(path, str)]
    return sorted(path for path in paths if live(one.dialect, path))


def read(corpora: Sequence[Corpus], processes: int) -> Iterator[Record]:
    """The records of all live rules, in the order of corpus and path. `processes` as in `jobs.run`."""
    work = [(one, path) for one in corpora for path in files(one)]
    for records in jobs.run(_read_file, work, processes, label="reading rules"):
        yield from records


def _read_file(place: tuple[Corpus, str]) -> list[Record]:
    one, path = place
    look = discover.look(os.path.join(one.folder, path).replace(os.sep, "/"), one.dialect)  # noqa: PTH118
    if look.source is None:
        return []
    rules = registry.dialect(look.dialect).read(look.source).rules
    return [
        record(rule, path)._replace(corpus=one.name)
        for rule in rules
        if rule.kind != "filter" and (rule.dialect != "kusto" or rule.trees or _queried(rule))
    ]


def _queried(rule: Rule) -> bool:
    return any(name == "query" for name, _, _ in rule.anchors)


def record(rule: Rule, path: str) -> Record:
    """The record of a rule; `path` is where it lies in its repository."""
    found = positives(rule)
    titles: dict[tuple[str, str, str, str], None] = {}
    events: dict[tuple[str, str, str, bool], None] = {}
    for event in rule.events:
        if event.id:  # a provider alone is no concrete event
            titles[event.provider, event.id, event.cls, event.title] = None
            events[event.cls, event.provider, event.id, event.implied] = None
    classes = dict.fromkeys(cls for cls in rule.classes if cls)
    leaves, clauses = _exclusions(rule)
    written: dict[Indicator, str] = {}
    spellings: list[tuple[str, str, str, str, str]] = []
    for predicate in rule.predicates():
        if not predicate.derived and not predicate.listed:
            _spell(predicate, written, spellings)
    shown = CatalogRule(
        handle="", vendor=rule.vendor, id=rule.id, title=rule.title, path=path, url="", layer="", author=rule.author,
        date=rule.date, status=rule.status, level=rule.level, kind=rule.kind, platforms=rule.platforms, domain=rule.domain,
        techniques=tuple(sorted(technique.id for technique in rule.techniques)), classes=tuple(classes), events=tuple(events),
        indicators=tuple(sorted(found)), assumed=frozenset(one for one, how in found.items() if how.assumed),
        secondary=frozenset(one for one, how in found.items() if how.secondary), excluded=(), clauses=(),
        lists=tuple(sorted({one.name for one in rule.lists})),
        related=tuple(sorted({one.id for one in rule.related if one.kind in _NAMED})), family="",
    )  # fmt: skip
    key = f"{rule.vendor}:{rule.id}" if rule.id else f"{rule.vendor}:{path}#{rule.title}"
    mentions = tuple(sorted({one.id for one in rule.related if one.kind == "mention"}))
    return Record(
        key, shown, leaves, clauses, tuple(written.items()), tuple(spellings), tuple(titles), shown.related, mentions
    )  # fmt: skip


def _spell(predicate: Predicate, written: dict[Indicator, str], spellings: list[tuple[str, str, str, str, str]]) -> None:
    """How a predicate's indicators are written natively, where the canonical value is a piece of the native one."""
    low = predicate.value.lower()
    straight = len(low) == len(predicate.value)
    for form in predicate.indicators:
        at = low.find(form.value.lower()) if straight else -1
        if at >= 0 and form.op != "re":
            written.setdefault(form, predicate.value[at : at + len(form.value)])
    for form in exact_forms(predicate)[:1]:
        at = low.find(form.value.lower()) if straight else -1
        if at >= 0:
            template = "".join((predicate.value[:at], "{}", predicate.value[at + len(form.value) :]))
            if len(template) <= 6 and "\t" not in template:
                spellings.append((form.field, form.op, predicate.field, predicate.native, template))


def _exclusions(rule: Rule) -> tuple[tuple[Leaf, ...], tuple[tuple[tuple[int, ...], ...], ...]]:
    """The excluded leaves, each once, and the clauses of several leaves as factors of leaf numbers."""
    numbers: dict[Indicator, int] = {}
    leaves: list[Leaf] = []
    groups: dict[tuple[str, ...], dict[tuple[tuple[int, ...], ...], None]] = {}
    for clause in logic.exclusions(rule):
        factors = []
        for part in clause.parts:
            forms = exact_forms(part)
            broad = tuple(form for form in part.indicators if form not in forms)
            for form in forms:
                if form not in numbers:
                    numbers[form] = len(leaves)
                    leaves.append(Leaf(form, broad, part.listed, False, clause.label))
                if clause.alone:
                    leaves[numbers[form]] = leaves[numbers[form]]._replace(alone=True)
            if forms:
                factors.append(tuple(numbers[form] for form in forms))
        if factors and not clause.alone:
            key = (clause.label, "" if clause.whole else "sampled", *(part.canonical for part in clause.parts))
            groups.setdefault(key, {})[tuple(factors)] = None
    clauses: dict[tuple[tuple[int, ...], ...], None] = {}
    for key, members in groups.items():
        clauses.update(dict.fromkeys(_factored(list(members), key[1] == "sampled")))
    return tuple(leaves), tuple(clauses)[:MAX_CLAUSES]


def _factored(members: list[tuple[tuple[int, ...], ...]], sampled: bool) -> Iterable[tuple[tuple[int, ...], ...]]:
    """Clauses over the same fields as one product, where they are one."""
    merged = tuple(tuple(dict.fromkeys(n for factor in column for n in factor)) for column in zip(*members, strict=True))
    size = 1
    for factor in merged:
        size *= len(factor)
    if sampled or size == len(members):
        return [merged]
    return members


def parents(cls: str) -> tuple[str, ...]:
    """An event class and the wider one that holds it."""
    wider = taxonomy_events.parent(cls)
    return (cls, wider) if wider else (cls,)


def sources(path: Path | None) -> dict[str, dict[str, str]]:
    """Each vendor's row (repository, commit, date, licence) of a SOURCES.tsv. ValueError with a sentence when it is none."""
    if path is None or not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t") if lines else []
    if not {"vendor", "repository", "commit"} <= set(columns):
        raise ValueError(f"{path.as_posix()}: the first line must name the columns vendor, repository, commit, date, licence")
    rows = [dict(zip(columns, line.split("\t"), strict=False)) for line in lines[1:] if line.strip()]
    return {row["vendor"]: row for row in rows}


def provenance(one: Corpus, table: dict[str, dict[str, str]]) -> dict[str, str]:
    """repository, commit, date, licence of a corpus: from the table, else from git, else "unknown"."""
    row = table.get(one.name, {})
    known = {name: row.get(name, "") for name in ("repository", "commit", "date", "licence")}
    if not row:
        remote = _git(one.folder, "config", "--get", "remote.origin.url")
        known["repository"] = (
            remote.rpartition("github.com")[2].strip(":/").removesuffix(".git") if "github.com" in remote else remote
        )
        known["commit"], _, known["date"] = _git(one.folder, "log", "-1", "--format=%H %cs").partition(" ")
    return {name: value or "unknown" for name, value in known.items()}


def _git(folder: str, *words: str) -> str:
    """What git says of a folder that is a checkout's root; "" when it says nothing."""
    if not (Path(folder) / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
