"""`siftlint catalog site`: the catalog as static pages, built beside the output folder and put in its place when complete."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from linter import __version__, jobs
from linter.catalog.load import Catalog
from linter.catalog.model import VENDORS
from linter.checks import registry
from linter.site import docs, finder
from linter.site.book import HERE, Book, token
from linter.site.pages import Pages

MARKER = "siftlint-site.json"  # says that a folder is a site of ours, which a build may replace
PER_PROCESS = 40


class Job(NamedTuple):
    """A page to make: its kind and name, the folders of the catalog, the folder to write to."""

    kind: str
    name: str
    folders: tuple[str, ...]
    output: str


class Written(NamedTuple):
    """A file of the site and its size in bytes."""

    path: str
    size: int


class Site(NamedTuple):
    """What was built: files by path, and how long it took in seconds."""

    files: tuple[Written, ...]
    seconds: float

    @property
    def pages(self) -> list[Written]:
        """The HTML files."""
        return [one for one in self.files if one.path.endswith(".html")]


class NotOurs(ValueError):
    """The output folder holds something that is no site of siftlint's."""


def run(catalog: Catalog, output: str) -> int:
    """Builds the site and says so. Exit status 0; 2 for a folder with other things in it, 3 when it can't be written."""
    try:
        site = build(catalog, Path(output))
    except NotOurs as error:
        print(f"siftlint: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"siftlint: can't write {output}: {error.strerror or error}", file=sys.stderr)
        return 3
    size = sum(one.size for one in site.files)
    print(
        f"siftlint: {len(site.pages):,} pages, {size / 1e6:.1f} MB, {site.seconds:.1f} s: open "
        f"{Path(output, 'index.html').as_posix()}",
        file=sys.stderr,
    )
    return 0


def build(catalog: Catalog, output: Path, only: frozenset[str] | None = None, processes: int = 0) -> Site:
    """Builds all pages (`only`: of these techniques and event classes, with their links). NotOurs, OSError."""
    began = time.monotonic()
    if output.exists() and not (output / MARKER).is_file() and (not output.is_dir() or any(output.iterdir())):
        raise NotOurs(f"{output.as_posix()} is not empty, and no site of siftlint's; name another folder")
    parent = output.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=parent))
    try:
        fresh = work / "site"
        files = tuple(_write_all(catalog, fresh, only, processes))
        fresh.chmod(0o755)
        old = work / "old"
        if output.exists():
            output.rename(old)
        try:
            fresh.rename(output)
        except OSError:
            with contextlib.suppress(OSError):
                old.rename(output)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Site(files, time.monotonic() - began)


def _write_all(catalog: Catalog, folder: Path, only: frozenset[str] | None, processes: int) -> Iterator[Written]:
    folders = tuple(snapshot.path.as_posix() for snapshot in catalog.snapshots)
    _press.cache_clear()
    _MADE[folders] = catalog
    press = _press(folders)
    book = press.book
    _ = book.rules, book.reach, book.classes, book.techniques, book.class_title("")  # before workers are forked, once for all
    for name in ("techniques", "classes", "vendors", "checks", "static", "data"):
        (folder / name).mkdir(parents=True)
    work = [("technique", one) for one in sorted(book.techniques)]
    work += [("class", one) for one in book.classes]
    if only is not None:
        work = [one for one in work if one[1] in only]
    work += [("vendor", vendor) for vendor in VENDORS if any(rule.vendor == vendor for rule in book.rules.values())]
    work += [("check", name) for name in registry.IDS]
    work += [("list", name) for name in ("index.html", "classes/index.html", "vendors/index.html", "checks/index.html")]
    work += [("search", ""), ("static", "")]
    # Large pages and small ones in turn, so that no worker is left with the large ones.
    work.sort(key=lambda one: token(*one))
    tasks = [Job(kind, name, folders, folder.as_posix()) for kind, name in work]
    try:
        for written in jobs.run(make, tasks, processes, label="writing pages", per_process=PER_PROCESS):
            yield from written
        yield _write(folder, MARKER, json.dumps({"siftlint": __version__, "snapshot": catalog.manifest.get("hash", "")}) + "\n")
    finally:
        _MADE.clear()
        _press.cache_clear()


_MADE: dict[tuple[str, ...], Catalog] = {}  # the catalog that this process, or the one it was forked from, has open


class Press:
    """Makes any page."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.pages = Pages(book)

    def texts(self, kind: str, name: str) -> dict[str, str]:
        """The files of a job by path."""
        book, pages = self.book, self.pages
        if kind == "technique":
            return {f"techniques/{name}.html": pages.technique(name)}
        if kind == "class":
            return {f"classes/{book.classes[name]}.html": pages.event_class(name)}
        if kind == "vendor":
            return {f"vendors/{name}.html": pages.vendor(name)}
        if kind == "check":
            return {f"checks/{name}.html": docs.check_page(book, name)}
        if kind == "list":
            lists: dict[str, Callable[[], str]] = {
                "index.html": pages.index,
                "classes/index.html": pages.classes_index,
                "vendors/index.html": pages.vendors_index,
                "checks/index.html": lambda: docs.checks_index(book),
            }
            return {name: lists[name]()}
        if kind == "search":
            page = book.render("search.html", "search.html", parts=finder.part_names())
            return {"search.html": page, **finder.files(book)}
        return {f"static/{file.name}": file.read_text(encoding="utf-8") for file in sorted((HERE / "static").iterdir())}


@lru_cache(maxsize=1)
def _press(folders: tuple[str, ...]) -> Press:
    """The press of this process. A worker that was not forked opens the catalog for itself."""
    catalog = _MADE.get(folders) or Catalog.open(folders[0], folders[1:])
    return Press(Book(catalog))


def make(job: Job) -> list[Written]:
    """Makes the files of a job."""
    return [_write(Path(job.output), path, text) for path, text in _press(job.folders).texts(job.kind, job.name).items()]


def _write(folder: Path, path: str, text: str) -> Written:
    data = text.encode("utf-8", "replace")
    target = os.fspath(folder / path)
    with open(target, "wb") as file:  # noqa: PTH123
        file.write(data)
    return Written(path, len(data))
