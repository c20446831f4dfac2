"""`catalog build`: corpora → a snapshot folder, written aside and renamed, so that a killed run leaves the old one whole."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from linter.catalog import aggregate, corpora, layout, serialise, snapshot
from linter.catalog.model import VENDORS
from linter.catalog.snapshot import SnapshotError

_UNWRITTEN = "the catalog can't be written to {}: {}"


class Built(NamedTuple):
    """What a build made: counts of rules by corpus, files, bytes, seconds."""

    rules: dict[str, int]
    files: int
    bytes: int
    seconds: float


def run_build(
    corpus: Sequence[str],
    output: str,
    sources: str | None = None,
    layer: bool = False,
    processes: int = 0,
) -> Built:
    """Builds a snapshot of `NAME=DIR` corpora in the folder `output`, replacing a snapshot that is there.

    Without `layer` the names must be vendors. `sources` is a SOURCES.tsv (default: the one beside the first corpus).
    `processes` as in `jobs.run`.
    ValueError with a sentence for arguments that can't be; SnapshotError when the output can't be written.
    """
    started = time.perf_counter()
    chosen = [corpora.corpus(text) for text in corpus]
    chosen.sort(key=lambda one: (VENDORS.index(one.name) if one.name in VENDORS else len(VENDORS), one.name))
    if not chosen:
        raise ValueError("catalog build needs at least one --corpus NAME=DIR")
    for one in chosen:
        if one.name not in VENDORS and not layer:
            raise ValueError(
                f"--corpus {one.name}: a public corpus is one of {', '.join(VENDORS)}; a private one wants --layer"
            )
    if len({one.name for one in chosen}) < len(chosen):
        raise ValueError("the corpora need different names")
    if sources is not None and not Path(sources).is_file():
        raise ValueError(f"--sources {sources}: no such file")
    table = corpora.sources(Path(sources) if sources else Path(chosen[0].folder).resolve().parent / "SOURCES.tsv")
    target = _target(output)
    try:
        gathered = aggregate.gather(corpora.read(chosen, processes), target.parent if target.parent.is_dir() else None)
    except OSError as error:
        raise SnapshotError(_UNWRITTEN.format(target.as_posix(), error.strerror or error)) from None
    for one in chosen:
        if not gathered.counts[one.name]:
            hint = " (a checkout of its repository; Sigma's stand in folders `rules*`)" if one.name in VENDORS else ""
            raise ValueError(f"--corpus {one.name}: no live rule in {one.folder}{hint}")
    described = [_described(one, table, gathered.counts) for one in chosen]
    files, size = _write(target, gathered, described)
    return Built({row["name"]: row["rules"] for row in described}, files, size, time.perf_counter() - started)


def _described(one: corpora.Corpus, table: dict[str, dict[str, str]], counts: Counter[str]) -> dict[str, Any]:
    """A corpus as the manifest names it."""
    known = corpora.provenance(one, table)
    address = ""
    if known["repository"].count("/") == 1 and known["commit"] != "unknown":
        address = f"https://github.com/{known['repository']}/blob/{known['commit']}/"
    vendor = one.name if one.name in VENDORS else ""
    return {"name": one.name, "vendor": vendor, **known, "rules": counts[one.name], "url": address}


def _target(output: str) -> Path:
    """The output folder, which is new, empty or an older snapshot: nothing else is ever replaced."""
    target = Path(output).absolute()
    snapshot.recover(target)
    for left in target.parent.glob(f".{target.name}-*.new"):  # of a killed run; a young one may be another run at work
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left, ignore_errors=True)
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ValueError(f"--output {output}: not a folder")
    if target.is_dir() and any(target.iterdir()) and not (target / layout.MANIFEST).is_file():
        raise ValueError(f"--output {output}: the folder holds something else than a catalog snapshot; name another one")
    return target


def _write(target: Path, gathered: aggregate.Gathered, described: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Writes the snapshot aside and puts it in place; (files, bytes)."""
    aside: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".new", dir=target.parent))
        hashes: dict[str, str] = {}
        size = 0
        for name, data in serialise.files(gathered):
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            hashes[name] = layout.digest(data)
            size += len(data)
        data = serialise.manifest(gathered, described, hashes)
        (aside / layout.MANIFEST).write_bytes(data)
        aside.chmod(0o755)
        _swap(aside, target)
    except OSError as error:
        raise SnapshotError(_UNWRITTEN.format(target.as_posix(), error.strerror or error)) from None
    finally:
        if aside is not None and aside.exists():
            shutil.rmtree(aside, ignore_errors=True)
    return len(hashes) + 1, size + len(data)


def _swap(aside: Path, target: Path) -> None:
    """Renames the new folder into place; if that fails, the old one comes back."""
    if not target.exists():
        aside.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".old", dir=target.parent)) / "snapshot"
    target.rename(old)
    try:
        aside.rename(target)
    except BaseException:
        old.rename(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(old.parent, ignore_errors=True)
