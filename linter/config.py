"""The configuration: `siftlint.toml`, or `[tool.siftlint]` in pyproject.toml, whichever stands nearest above what is linted.

What is said of a file (checks, persona, severities, excludes) comes from the configuration nearest to it; what is said of a
run (fail-on, baseline, catalogs, jobs) from the one nearest to all the paths that were given. Unknown keys are refused: a
misspelt one would otherwise be a check that silently stays on or off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from linter.checks import registry
from linter.checks.base import QUIET_FOR, Options
from linter.dialects.registry import NAMES as DIALECTS
from linter.discover import ignorer, tidy
from linter.finding import PERSONAS, SEVERITIES, Persona, Severity
from linter.suppress import Ignore

if TYPE_CHECKING:
    from datetime import date

    from linter.taxonomy.fields import Row

FailOn = Literal["error", "warning", "advice", "never"]
FAIL_ON: tuple[FailOn, ...] = ("error", "warning", "advice", "never")


class ConfigError(ValueError):
    """A configuration that can't be used: which file, which key, why."""


class PerPath(NamedTuple):
    """What holds for files that match `paths` (patterns as in .gitignore, relative to the configuration's folder)."""

    paths: tuple[str, ...]
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    persona: Persona | None = None
    severity: tuple[tuple[str, Severity], ...] = ()
    quiet_for: tuple[str, ...] | None = None


class Config(NamedTuple):
    """One configuration file's content; the defaults where there is none. Paths in it are made relative to where we run."""

    where: str = ""
    folder: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    persona: Persona = "regular"
    severity: tuple[tuple[str, Severity], ...] = ()
    quiet_for: tuple[str, ...] = QUIET_FOR
    per_path: tuple[PerPath, ...] = ()
    exclude: tuple[str, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    fail_on: FailOn = "warning"
    dialect: str = "auto"
    baseline: str = ""
    snapshot: str = ""
    catalogs: tuple[str, ...] = ()
    jobs: int = 0
    fields: tuple[Row, ...] = ()

    def options(self, path: str) -> Options:
        """How a file is linted: later `per-path` tables go over earlier ones."""
        options = _Shared.options(self)
        for entry in self.per_path:
            if ignorer(entry.paths, self.folder or ".")(path):
                options = options._replace(
                    select=options.select if entry.select is None else entry.select,
                    ignore=tuple(dict.fromkeys((*options.ignore, *entry.ignore))),
                    persona=entry.persona or options.persona,
                    severity=tuple(dict((*options.severity, *entry.severity)).items()),
                    quiet_for=options.quiet_for if entry.quiet_for is None else entry.quiet_for,
                )
        return options

    def excludes(self, path: str) -> bool:
        """Whether a file (a folder with a trailing `/`) is left out."""
        return bool(self.exclude) and ignorer(self.exclude, self.folder or ".")(path)


class _Shared:
    """The options of a configuration, one object for all files without an override (it is sent to worker processes)."""

    @staticmethod
    @lru_cache(maxsize=64)
    def options(config: Config) -> Options:
        return Options(config.select, config.ignore, config.persona, config.severity, config.quiet_for, fields=config.fields)


# where it stands


@lru_cache(maxsize=4096)
def nearest(folder: str) -> Config:
    """The configuration of a folder (an absolute path): its own, else its parent's. ConfigError when it is faulty."""
    for name in ("siftlint.toml", ".siftlint.toml", "pyproject.toml"):
        path = os.path.join(folder, name)  # noqa: PTH118  (plain calls: this runs for every folder of a tree)
        if os.path.isfile(path):  # noqa: PTH113
            table = _table(path, name == "pyproject.toml")
            if table is not None:
                return parse(table, _shown(path))
    parent = os.path.dirname(folder)  # noqa: PTH120
    return Config() if parent == folder else nearest(parent)


def for_file(path: str) -> Config:
    """The configuration nearest to a file."""
    return nearest(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120


def for_paths(paths: Sequence[str]) -> Config:
    """The configuration nearest to all of these files and folders."""
    folders = []
    for path in paths or (".",):
        absolute = os.path.abspath(path)  # noqa: PTH100
        folders.append(absolute if os.path.isdir(absolute) else os.path.dirname(absolute))  # noqa: PTH112, PTH120
    try:
        return nearest(os.path.commonpath(folders))
    except ValueError:  # different drives
        return nearest(os.getcwd())  # noqa: PTH109


def _shown(path: str) -> str:
    """A path as messages show it: relative to where we run if it is below."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return tidy(path)
    return tidy(path if relative.startswith("..") else relative)


def _table(path: str, project: bool) -> dict[str, Any] | None:
    """The siftlint table of a TOML file; None when a pyproject.toml has none."""
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or error
        raise ConfigError(f"{_shown(path)}: can't be read: {why}") from None
    if project and "siftlint" not in text:
        return None
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if project:
            return None  # not ours to judge
        raise ConfigError(f"{_shown(path)}: not TOML: {error}") from None
    if not project:
        return cast("dict[str, Any]", data.get("tool", {}).get("siftlint", data) if set(data) == {"tool"} else data)
    tool = data.get("tool")
    table = tool.get("siftlint") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


# what stands in it

Reader = Callable[[Any], Any]


class _Wrong(ValueError):
    """What is wrong with a value, as the end of a sentence that starts with its key."""


def parse(table: Mapping[str, Any], where: str) -> Config:
    """A Config from a table as it stands in the file. ConfigError names the key and the nearest right one."""
    folder = os.path.dirname(where)  # noqa: PTH120

    def path(value: Any) -> str:
        return tidy(os.path.join(folder, _text(value)))  # noqa: PTH118

    def ignores_file(value: Any) -> tuple[Ignore, ...]:
        other = path(value)
        data = _table(other, project=False)
        return cast("tuple[Ignore, ...]", _read(data or {}, {"ignores": _ignores(other)}, other).get("ignores", ()))

    readers: dict[str, Reader] = {
        "select": _checks, "ignore": _checks, "persona": _one_of(PERSONAS), "severity": _severities,
        "quiet-for": _some_of(QUIET_FOR), "per-path": _per_paths(where), "exclude": _texts, "ignores": _ignores(where),
        "ignores-file": ignores_file, "fail-on": _one_of(FAIL_ON), "dialect": _one_of(("auto", *DIALECTS)), "baseline": path,
        "snapshot": path, "catalogs": lambda value: tuple(path(item) for item in _texts(value)), "jobs": _count,
        "fields": lambda value: tuple(row for item in _texts(value) for row in _field_rows(path(item))),
    }  # fmt: skip
    values = _read(table, readers, where)
    more = values.pop("ignores_file", ())
    return Config(where=where, folder=folder, **{**values, "ignores": (*values.get("ignores", ()), *more)})


def _read(table: Mapping[str, Any], readers: Mapping[str, Reader], where: str, of: str = "") -> dict[str, Any]:
    """The values of a table, by key with `_` for `-`. ConfigError for a key that is not among the readers."""
    values = {}
    for key, value in table.items():
        reader = readers.get(key)
        if reader is None:
            raise ConfigError(f"{where}: unknown key `{key}`{of}{nearby(key, readers)}")
        try:
            values[key.replace("-", "_")] = reader(value)
        except _Wrong as error:
            raise ConfigError(f"{where}: `{key}`{of} {error}") from None
    return values


def nearby(word: str, words: Iterable[str]) -> str:
    """The end of a message that refuses a word: the nearest right one, else all of them."""
    from difflib import get_close_matches

    known = list(words)
    close = get_close_matches(word.lower().replace("_", "-"), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; it may be {', '.join(known)}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"must be a text, not {value!r}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Wrong(f"must be a list of texts, not {value!r}")
    return tuple(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Wrong(f"must be a number from 0 up, not {value!r}")
    return value


def _one_of(words: Sequence[str]) -> Reader:
    def reader(value: Any) -> str:
        if value not in words:
            raise _Wrong(f"can't be {value!r}{nearby(str(value), words)}")
        return cast(str, value)

    return reader


def _some_of(words: Sequence[str]) -> Reader:
    def reader(value: Any) -> tuple[str, ...]:
        for item in _texts(value):
            if item not in words:
                raise _Wrong(f"can't hold `{item}`{nearby(item, words)}")
        return tuple(value)

    return reader


_checks = _some_of(registry.IDS)


def _field_rows(file: str) -> tuple[Row, ...]:
    """The rows of a table of field names in the form of ours."""
    from linter.taxonomy import fields

    try:
        with open(file, encoding="utf-8-sig") as opened:  # noqa: PTH123
            rows = tuple(fields.parse(opened.read()))
        fields.use(rows)
    except (OSError, ValueError) as error:
        raise _Wrong(f"names {file}, which can't be used: {getattr(error, 'strerror', None) or error}") from None
    return rows


def _severities(value: Any) -> tuple[tuple[str, Severity], ...]:
    if not isinstance(value, dict):
        raise _Wrong("must be a table of check = severity")
    _checks(list(value))
    for check, severity in value.items():
        if severity not in SEVERITIES:
            raise _Wrong(f"of `{check}` can't be {severity!r}{nearby(str(severity), SEVERITIES)}")
    return tuple(value.items())


def _tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _Wrong("must be an array of tables")
    return value


def _per_paths(where: str) -> Reader:
    readers: dict[str, Reader] = {
        "paths": _texts, "select": _checks, "ignore": _checks, "persona": _one_of(PERSONAS), "severity": _severities,
        "quiet-for": _some_of(QUIET_FOR),
    }  # fmt: skip

    def reader(value: Any) -> tuple[PerPath, ...]:
        entries = []
        for table in _tables(value):
            if not table.get("paths"):
                raise _Wrong('needs `paths`, a list of patterns such as "rules/hunting/**"')
            entries.append(PerPath(**_read(table, readers, where, " in `per-path`")))
        return tuple(entries)

    return reader


def _ignores(where: str) -> Reader:
    readers: dict[str, Reader] = {"rule": _text, "check": _check, "value": _text, "reason": _text, "expires": _date}

    def reader(value: Any) -> tuple[Ignore, ...]:
        entries = []
        for number, table in enumerate(_tables(value), 1):
            values = _read(table, readers, where, f" in `ignores` (entry {number})")
            if not values.get("reason", "").strip():
                raise _Wrong(f"(entry {number}) needs a `reason`: whoever reads it later will ask")
            if not values.get("rule") and not values.get("check") and not values.get("value"):
                raise _Wrong(f"(entry {number}) needs at least one of `rule`, `check` and `value`")
            named = {"rule": "", "check": "", "value": "", **values}
            entries.append(Ignore(**named, where=where))
        return tuple(entries)

    return reader


def _check(value: Any) -> str:
    return cast("tuple[str, ...]", _checks([_text(value)]))[0]


def _date(value: Any) -> date:
    from datetime import date, datetime

    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise _Wrong(f"must be a date such as 2027-01-31, not {value!r}") from None
