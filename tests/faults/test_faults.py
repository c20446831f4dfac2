"""Ended in the middle, full disks, read-only folders: what was there is there, whole, and the next run works."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from linter import cache
from linter.catalog.verify import problems
from tests.conftest import ROOT
from tests.rules import sigma

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits are POSIX's")


class Done(NamedTuple):
    """How a run ended."""

    status: int
    out: str
    err: str


def environment(here: Path) -> dict[str, str]:
    known = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**known, "SIFTLINT_CACHE_DIR": str(here / ".cache")}


def faulty(here: Path, mode: str, number: int, *arguments: str) -> Done:
    """A run of the command with a fault: see `hook`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.hook", mode, str(number), *arguments],
        cwd=here,
        env=environment(here),
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def touches(here: Path, *arguments: str) -> int:
    """How often a run without a fault touches files."""
    faulty(here, "count", 0, *arguments)
    return int((here / "touched").read_text(encoding="utf-8"))


def texts(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


ENDED = (-signal.SIGKILL, -signal.SIGXFSZ) if os.name != "nt" else ()


# fixes


def old_rules(here: Path) -> dict[str, bytes]:
    """Three rules that name techniques which ATT&CK has revoked."""
    folder = here / "rules"
    folder.mkdir(exist_ok=True)
    for number in range(3):
        (folder / f"{number}.yml").write_text(sigma(number, technique="t1086"), encoding="utf-8")
    return texts(folder)


FIX = ("lint", "rules", "--fix", "--no-cache", "--select", "unknown-technique")


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, bytes]]:
    """How often fixing touches files, and what the rules are then."""
    here = tmp_path_factory.mktemp("fixed")
    old_rules(here)
    count = touches(here, *FIX)
    return count, texts(here / "rules")


@pytest.mark.parametrize(
    ("mode", "number"),
    [*(("kill", number) for number in range(1, 10)), *(("cut", number) for number in (0, 100, 250)), ("full", 100), ("full", 0),
     ("fail", 1), ("fail", 4)],
)  # fmt: skip
def test_a_fix(here: Path, fixed: tuple[int, dict[str, bytes]], mode: str, number: int) -> None:
    before = old_rules(here)
    count, after = fixed
    assert count == 9, "three files, each made beside, given its mode and renamed"
    done = faulty(here, mode, number, *FIX)
    now = texts(here / "rules")
    left = {name for name in now if name not in before}
    assert all(Path(name).name.startswith(".siftlint-") and name.endswith(".tmp") for name in left), left
    assert all(now[name] in (before[name], after[name]) for name in before)
    if mode in ("kill", "cut"):
        assert done.status in ENDED
        assert len(left) <= 1
    else:
        assert done.status == 1
        assert "not fixed: " in done.err
        assert not left
    assert faulty(here, "count", 0, *FIX).status == 0
    assert {name: text for name, text in texts(here / "rules").items() if name in before} == after


# baseline and reports


def known_findings(here: Path, size: int = 40) -> None:
    for number in range(size):
        (here / f"{number}.yml").write_text(sigma(number, technique="t9999"), encoding="utf-8")


@pytest.mark.parametrize(
    ("mode", "number"),
    [("kill", 1), ("kill", 2), ("kill", 3), ("cut", 0), ("cut", 2_000), ("full", 2_000), ("full", 0), ("fail", 1), ("fail", 3)],
)
def test_a_baseline(here: Path, mode: str, number: int) -> None:
    known_findings(here)
    arguments = ("lint", "--no-cache", "--select", "unknown-technique", "--write-baseline", "baseline.json")
    old = '{"version": 1, "findings": []}\n'
    (here / "baseline.json").write_text(old, encoding="utf-8")
    done = faulty(here, mode, number, *arguments)
    assert (here / "baseline.json").read_text(encoding="utf-8") == old
    if mode in ("kill", "cut"):
        assert done.status in ENDED
    else:
        assert done.status == 3
        assert "baseline.json" in done.err
    assert touches(here, *arguments) == 3
    assert faulty(here, "count", 0, *arguments[:-2], "--baseline", "baseline.json").status == 0


@pytest.mark.parametrize(("mode", "number"), [("kill", 2), ("cut", 2_000), ("full", 2_000), ("fail", 1)])
def test_a_report(here: Path, mode: str, number: int) -> None:
    known_findings(here)
    (here / "report.json").write_text("what was there", encoding="utf-8")
    done = faulty(here, mode, number, "lint", "--no-cache", "--format", "json", "--output", "report.json")
    assert (here / "report.json").read_text(encoding="utf-8") == "what was there"
    assert done.status in ENDED if mode in ("kill", "cut") else (done.status, "report.json" in done.err) == (3, True)


# the cache


@pytest.mark.parametrize(
    ("mode", "number"),
    [*(("kill", number) for number in (1, 2, 3)), *(("cut", number) for number in (0, 50, 600, 5_000, 9_000, 13_000, 40_000)),
     *(("full", number) for number in (0, 3_000, 9_000, 40_000)), ("fail", 1), ("fail", 3)],
)  # fmt: skip
@pytest.mark.parametrize("filled", [False, True])
def test_the_cache(here: Path, mode: str, number: int, filled: bool) -> None:
    known_findings(here, 60)
    right = faulty(here, "count", 0, "lint", "--no-cache", "--select", "unknown-technique")
    arguments = ("lint", "--select", "unknown-technique")
    if filled:
        assert faulty(here, "count", 0, *arguments) == right
        for path in sorted(here.glob("*.yml"))[:30]:
            path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    done = faulty(here, mode, number, *arguments)
    if mode in ("full", "fail"):
        assert done == right, "a cache that can't be used costs nothing but time"
    else:
        assert done == right or done.status in ENDED
    assert faulty(here, "count", 0, *arguments) == right
    base = sqlite3.connect(here / ".cache" / cache.FILE)
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()
    assert faulty(here, "count", 0, *arguments) == right


def test_the_cache_ended_at_any_time(here: Path) -> None:
    known_findings(here, 200)
    arguments = [sys.executable, "-m", "linter", "lint", "--select", "unknown-technique"]
    right = subprocess.run([*arguments, "--no-cache"], cwd=here, env=environment(here), capture_output=True, check=False)
    for number in range(6):
        for path in sorted(here.glob("*.yml"))[number * 30 : number * 30 + 30]:
            path.write_text(path.read_text(encoding="utf-8") + f"# {number}\n", encoding="utf-8")
        running = subprocess.Popen(arguments, cwd=here, env=environment(here), stdout=subprocess.DEVNULL)
        time.sleep(0.12 + 0.07 * number)
        running.kill()
        running.wait()
    last = subprocess.run(arguments, cwd=here, env=environment(here), capture_output=True, check=False)
    assert (last.stdout, last.stderr) == (right.stdout, right.stderr)


# building a catalog


def corpus(here: Path) -> None:
    folder = here / "corpus" / "rules"
    folder.mkdir(parents=True)
    for number in range(12):
        (folder / f"{number}.yml").write_text(sigma(number, title=f"Rule {number}"), encoding="utf-8")


BUILD = ("catalog", "build", "--corpus", "sigma=corpus", "--output", "snapshot", "--jobs", "1")


def manifest(here: Path) -> bytes:
    return (here / "snapshot" / "manifest.json").read_bytes()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small corpus and its snapshot."""
    here = tmp_path_factory.mktemp("built")
    corpus(here)
    assert faulty(here, "count", 0, *BUILD).status == 0
    return here


@pytest.mark.parametrize(
    ("mode", "place"),
    [*(("kill", place) for place in (0.01, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.0)), ("cut", 0.0), ("cut", 900),
     ("full", 0), ("full", 900), ("fail", 0.01), ("fail", 0.3), ("fail", 0.5)],
)  # fmt: skip
def test_a_build(here: Path, built: Path, mode: str, place: float) -> None:
    import shutil

    shutil.copytree(built, here, dirs_exist_ok=True)
    first = manifest(here)
    (here / "corpus" / "rules" / "more.yml").write_text(sigma(99, title="One more"), encoding="utf-8")
    if mode in ("kill", "fail"):
        shutil.copytree(here, here / "dry")
        total = touches(here / "dry", *BUILD)
        second = manifest(here / "dry")
        shutil.rmtree(here / "dry")
        number = max(1, round(place * total))
    else:
        number, second = int(place), first
    done = faulty(here, mode, number, *BUILD)
    if mode in ("kill", "cut"):
        assert done.status in ENDED
    elif mode == "full" or done.status:  # some refusals cost nothing, such as that of another place for temporary files
        assert done.status == 3
        assert "can't be written" in done.err
    # The next reader finds a whole snapshot, the old or the new one, whatever the killed build left.
    assert faulty(here, "count", 0, "catalog", "info", "--snapshot", "snapshot").status == 0
    assert manifest(here) in (first, second)
    assert list(problems(here / "snapshot", every=1)) == []
    if mode not in ("kill", "cut"):
        assert manifest(here) == (first if done.status else second)
        assert [path.name for path in here.iterdir() if path.name.startswith(".snapshot-")] == []
    assert faulty(here, "count", 0, *BUILD).status == 0
    assert list(problems(here / "snapshot", every=1)) == []


# snapshots that are not what they should be


def edit(folder: Path, name: str, change: object) -> None:
    path = next(iter(sorted(folder.glob(name))))
    data = path.read_bytes()
    path.write_bytes(change(data))  # type: ignore[operator]


STATES = {
    "no manifest": ("manifest.json", None, "no catalog snapshot"),
    "an empty manifest": ("manifest.json", lambda data: b"", "no manifest"),
    "half a manifest": ("manifest.json", lambda data: data[: len(data) // 2], "no manifest"),
    "a manifest of bytes": ("manifest.json", lambda data: b"\xff\xfe\x00" + data, "can't be read"),
    "a manifest of another kind": ("manifest.json", lambda data: b"[1, 2]", "no manifest"),
    "a manifest nested without end": ("manifest.json", lambda data: b"[" * 200_000, "no manifest"),
    "a newer schema": ("manifest.json", lambda data: data.replace(b'"schema": 2', b'"schema": 99'), "update siftlint"),
    "an older schema": ("manifest.json", lambda data: data.replace(b'"schema": 2', b'"schema": 0'), "build it again"),
    "a schema that is none": ("manifest.json", lambda data: data.replace(b'"schema": 2', b'"schema": null'), "build it again"),
    "an edited manifest": ("manifest.json", lambda data: data.replace(b'"rules": 12', b'"rules": 13'), "was edited"),
    "a missing file": ("index.tsv", None, "can't be read"),
    "an empty file": ("index.tsv", lambda data: b"", "not what its manifest says"),
    "half a file": ("classes/*.tsv", lambda data: data[: len(data) // 2], "not what its manifest says"),
    "an edited file": ("classes/*.tsv", lambda data: data.replace(b"certutil", b"certutim"), "not what its manifest says"),
    "line ends of another system": ("classes/*.tsv", lambda data: data.replace(b"\n", b"\r\n"), "not what its manifest says"),
    "bytes behind the end": ("families.tsv", lambda data: data + b"x", "not what its manifest says"),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_a_snapshot(here: Path, built: Path, state: str) -> None:
    import shutil

    shutil.copytree(built / "snapshot", here / "snapshot")
    name, change, said = STATES[state]
    if change is None:
        next(iter((here / "snapshot").glob(name))).unlink()
    else:
        edit(here / "snapshot", name, change)
    (here / "rule.yml").write_text(sigma(1, technique="t9999"), encoding="utf-8")
    done = faulty(here, "count", 0, "lint", "rule.yml", "--snapshot", "snapshot", "--persona", "auditor")
    assert done.status == 3, (done.out, done.err)
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert faulty(here, "count", 0, "lint", "rule.yml", "--snapshot", "snapshot", "--select", "unreadable-rule").status in (
        0,
        3,
    )
