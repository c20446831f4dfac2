"""Corpora → records: which files of a checkout are live rules, and where the checkout comes from."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from linter import discover, jobs
from linter.catalog.model import VENDORS
from linter.catalog.records import Record, record
from linter.dialects import registry
from linter.rule import Rule
from linter.taxonomy import events as taxonomy_events


class Corpus(NamedTuple):
    """A corpus to build from. `dialect` is the vendor's, or "auto" for a private one."""

    name: str
    folder: str
    dialect: str


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
