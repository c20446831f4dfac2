"""What subcommands share: their errors, which files they mean, where their output goes."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from linter import config
from linter.atomic import write_whole
from linter.checks import registry
from linter.checks.base import Options
from linter.config import Config
from linter.discover import find
from linter.reading import Unreadable, load
from linter.source import Source
from linter.terminal import columns

RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD")  # set by the CI services that look for commands in what a step prints


class UsageError(Exception):
    """Wrong usage: exit status 2 and one line."""


class Unable(Exception):
    """siftlint can't do its work here: exit status 3 and one line."""


def say(*lines: str) -> None:
    """Lines for the reader beside the output: on standard error, safe to print."""
    from linter.reporters.clean import inert, plain

    for line in lines:
        print(inert(f"siftlint: {plain(line)}"), file=sys.stderr)


def files(args: Namespace) -> list[str | Unreadable]:
    """The files that the command's PATHs mean, without what the configuration excludes."""
    settings = config.for_paths(args.paths)
    found = find(
        args.paths, settings.exclude, args.dialect if args.dialect != "auto" else settings.dialect, settings.folder or "."
    )
    of = _Nearest()
    return [item for item in found if isinstance(item, Unreadable) or not of(item).excludes(item)]


class _Nearest:
    """`config.for_file`, asked once a folder of a run."""

    def __init__(self) -> None:
        self._known: dict[str, Config] = {}

    def __call__(self, path: str) -> Config:
        folder = path.rpartition("/")[0] or path[:1] * path.startswith("/")
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = config.for_file(path)
        return found


class Chooser:
    """How each file is linted: its nearest configuration, with what the command line says over it."""

    def __init__(self, args: Namespace) -> None:
        self._args = args
        self._nearest = _Nearest()
        self._select = _known_checks("--select", getattr(args, "select", ()))
        self._ignore = _known_checks("--ignore", getattr(args, "ignore", ()))
        self._made: dict[tuple[Options, tuple[tuple[int, int], ...] | None], Options] = {}
        self.changed: dict[str, tuple[tuple[int, int], ...]] | None = None  # path → line ranges that a change touched

    def __call__(self, path: str) -> Options:
        """The options of a file. The same object for the same options, so that sending them to workers stays small."""
        options = self._over(self._nearest(path)).options(path)
        changed = None if self.changed is None else self.changed.get(path, ())
        made = self._made.get((options, changed))
        if made is None:
            select = self._select or options.select
            ignore = (*options.ignore, *self._ignore)
            persona = getattr(self._args, "persona", None) or options.persona
            made = options._replace(select=select, ignore=ignore, persona=persona, changed=changed)
            self._made[options, changed] = made
        return made

    def _over(self, settings: Config) -> Config:
        """The configuration without ignores of what the command line selects; those of `per-path` stay."""
        if not self._select or not settings.ignore:
            return settings
        return settings._replace(ignore=tuple(check for check in settings.ignore if check not in self._select))

    def dialect_of(self, item: str | Unreadable) -> str:
        """The dialect that a file is taken for."""
        path = item if isinstance(item, str) else item.path
        return str(self._args.dialect) if self._args.dialect != "auto" else self._nearest(path).dialect


def _known_checks(option: str, values: Iterable[str] | None) -> tuple[str, ...]:
    """The check ids of an option that may be repeated and may hold commas. UsageError names the nearest right one."""
    words = tuple(dict.fromkeys(word.strip() for value in values or () for word in value.split(",") if word.strip()))
    for word in words:
        if word not in registry.IDS:
            raise UsageError(f"{option}: no check is called `{word}`{config.nearby(word, registry.IDS)}")
    return words


def catalogs(snapshot: str, layers: Sequence[str]) -> tuple[str, ...]:
    """The folders of the catalogs: the snapshot ("" for the shipped one), then the layers over it."""
    for folder in (snapshot, *layers):
        if folder and not os.path.isdir(folder):  # noqa: PTH112
            raise UsageError(f"no catalog snapshot at {folder}")
    return (snapshot, *layers)


def write(text: str, output: str | None, commands: bool = False) -> None:
    """Writes to a file (whole or not at all), or to standard output: in a CI's log, without `commands`, as no command to it."""
    if output and output != "-":
        try:
            if _leads_away(output):
                raise Unable(f"can't write {output}: a symbolic link leads it elsewhere")
            write_whole(output, text)
        except OSError as error:
            raise Unable(f"can't write {output}: {error.strerror or error}") from None
        return
    if not commands and any(map(os.environ.get, RUNNERS)):
        from linter.reporters.clean import inert

        text = inert(text)
    sys.stdout.write(text)
    sys.stdout.flush()


def _leads_away(output: str) -> bool:
    """Whether a link (which a pull request may bring) makes a relative path mean another file than it says."""
    if os.path.isabs(output):  # noqa: PTH117
        return False
    here = os.path.realpath(".")
    said = os.path.normpath(os.path.join(here, output))  # noqa: PTH118
    return os.path.normcase(os.path.realpath(output)) != os.path.normcase(said)


def coloured() -> bool:
    """Whether standard output takes colour: NO_COLOR and FORCE_COLOR decide, else whether it is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns to fill: the terminal's, between 60 and 120; 80 where there is none."""
    return max(60, min(120, columns())) if sys.stdout.isatty() or "COLUMNS" in os.environ else 80


def part(name: str) -> ModuleType:
    """A module that a command needs and a plain lint does not. Unable when its dependencies are not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise Unable(f"this command needs the Python package `{error.name}`, which is not installed") from None


def text_of(path: str) -> Source | None:
    """A file's text; None when it can't be read (any more)."""
    loaded = load(path)
    return loaded if isinstance(loaded, Source) else None


def snapshot(folders: tuple[str, ...]) -> dict[str, Any]:
    """What the outputs say of the catalog that was used; {} in a checkout that has none yet. SnapshotError for a broken one."""
    from linter.catalog.snapshot import Snapshot, shipped_folder

    if not folders[0] and not os.path.isdir(shipped_folder()):  # noqa: PTH112
        return {}
    manifests = [Snapshot(folder or shipped_folder()).manifest for folder in folders]
    keys = ("schema", "hash", "rules", "corpora")
    shown = {key: manifests[0][key] for key in keys if key in manifests[0]}
    if len(manifests) > 1:
        shown["layers"] = [{key: layer[key] for key in keys if key in layer} for layer in manifests[1:]]
    return shown
