"""The cache: the same bytes out with it and without it, whatever state it is in."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linter import cache, engine
from linter.catalog.snapshot import shipped
from linter.checks import registry
from linter.checks.base import Options
from linter.cli import FORMATS
from linter.commands import kept
from linter.discover import judge
from linter.engine import FileResult
from linter.source import Source
from tests.conftest import ROOT, Outcome, Run
from tests.rules import EVERY, NOISY, sigma

IGNORED = sigma(7, technique="t9998").replace("status: test", "status: test  # siftlint: ignore[unknown-technique] known")


def rules(folder: Path) -> None:
    """One rule of each dialect, and rules of which something is to be said."""
    folder.mkdir(exist_ok=True)
    for name, text in EVERY.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "noisy.yml").write_text(NOISY, encoding="utf-8")
    (folder / "wrong.yml").write_text(sigma(3, technique="t9999"), encoding="utf-8")
    (folder / "broken.yml").write_text(sigma(4).replace("detection:", "detection: ]"), encoding="utf-8")
    (folder / "ignored.yml").write_text(IGNORED, encoding="utf-8")
    (folder / "twice.yml").write_text(sigma(3, title="Another with that id"), encoding="utf-8")
    (folder / "data.yml").write_text("a: 1\n", encoding="utf-8")
    (folder / "latin.yml").write_bytes(sigma(5, title="Caf\xe9").encode("latin-1"))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are really linted from now on."""
    seen: list[str] = []
    real = engine.lint_file
    monkeypatch.setattr(engine, "lint_file", lambda job: seen.append(str(job.path)) or real(job))  # type: ignore[func-returns-value]
    return seen


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_bytes(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    rules(here / "rules")
    args = ("lint", "rules", "--format", format, "--persona", "auditor", "-v")
    without = siftlint(*args, "--no-cache")
    assert not (here / ".cache").exists()
    cold = siftlint(*args)
    seen = counted(monkeypatch)
    assert siftlint(*args) == cold == without
    assert seen == []
    assert without.status == 1
    assert "T9999" in without.out


def test_every_example_comes_back_as_it_was() -> None:
    def all_types(value: Any) -> Iterator[type]:
        yield type(value)
        for item in value if isinstance(value, tuple) else ():
            yield from all_types(item)

    read = kept.Unpacker()
    for module in registry.checks():
        for number, example in enumerate((*module.VALID, *module.INVALID)):
            seen = judge(f"x/{number}.yml", Source(f"x/{number}.yml", example.text), example.dialect)
            result = engine.lint_look(seen, Options(persona="auditor"), lambda: engine.catalog(("",)), noise=True)
            data = kept.pack(result)
            assert data is not None
            back = read.result(f"x/{number}.yml", data)
            assert back == result
            assert list(all_types(back)) == list(all_types(result))


def test_a_file_that_moved(here: Path, siftlint: Run) -> None:
    text = sigma(3, technique="t9999").replace("id: ", "x-id: ")  # no id: the fingerprint is of the path
    (here / "one.yml").write_text(text, encoding="utf-8")
    siftlint("lint", "--format", "json")
    (here / "sub").mkdir()
    (here / "one.yml").rename(here / "sub" / "other.yml")
    fresh = siftlint("lint", "--format", "json", "--no-cache")
    assert siftlint("lint", "--format", "json") == fresh
    assert "one.yml" not in fresh.out


@pytest.mark.parametrize("path", ["deprecated/splunk.yml", "baselines/splunk.yml", "a/_deprecated/elastic.toml", "title.kql"])
def test_what_a_path_says_is_part_of_the_key(here: Path, siftlint: Run, path: str) -> None:
    texts = {**EVERY, "title.kql": 'DeviceProcessEvents\n| where FileName =~ "certutil.exe"\n'}
    text = texts[path.rpartition("/")[2]]
    other = here / ("plain." + path.rpartition(".")[2])
    other.write_text(text, encoding="utf-8")
    siftlint("lint", "--format", "json", "--persona", "auditor")
    (here / path).parent.mkdir(parents=True, exist_ok=True)
    other.replace(here / path)
    fresh = siftlint("lint", "--format", "json", "--persona", "auditor", "--no-cache")
    assert siftlint("lint", "--format", "json", "--persona", "auditor") == fresh


def test_macros_are_part_of_the_key(here: Path, siftlint: Run) -> None:
    (here / "macros").mkdir()
    (here / "macros" / "wanted.yml").write_text("name: wanted\ndefinition: process_name=certutil.exe\n", encoding="utf-8")
    (here / "detections").mkdir()
    rule = EVERY["splunk.yml"].replace("Processes.process=*urlcache*", "`wanted`")
    (here / "detections" / "rule.yml").write_text(rule, encoding="utf-8")
    args = ("lint", "detections", "--format", "json", "--persona", "auditor")
    first = siftlint(*args)
    assert first == siftlint(*args, "--no-cache")
    from linter.dialects import splunk_macros

    (here / "macros" / "wanted.yml").write_text("name: wanted\ndefinition: NOT user=admin\n", encoding="utf-8")
    splunk_macros.forget()
    second = siftlint(*args)
    assert second == siftlint(*args, "--no-cache")
    assert second.out != first.out


def test_what_else_is_part_of_the_key(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "noisy.yml").write_text(NOISY, encoding="utf-8")
    seen = counted(monkeypatch)
    for args in ((), ("--persona", "pedantic"), ("--select", "noisy-branch"), ("--format", "json"), ("--dialect", "sigma")):
        siftlint("lint", "noisy.yml", *args)
        siftlint("lint", "noisy.yml", *args)
    assert len(seen) == 5
    (here / "siftlint.toml").write_text('[severity]\n"noisy-branch" = "error"\n', encoding="utf-8")
    assert "error[noisy-branch]" in siftlint("lint", "noisy.yml").out
    monkeypatch.setattr(cache, "__version__", "0.0.0-other")
    siftlint("lint", "noisy.yml")
    assert len(seen) == 7


def test_shipped_is_where_the_catalog_says() -> None:
    assert Path(cache.SHIPPED) == shipped()


# states of the cache


DAMAGE = {
    "nothing in it": lambda data: b"",
    "no database": lambda data: b"not a database " * 100,
    "cut in half": lambda data: data[: len(data) // 2],
    "zeros inside": lambda data: data[:4096] + bytes(8192) + data[12288:],
    "an edited entry": lambda data: data.replace(b"unknown-technique", b"unknown-tecknique"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged(here: Path, siftlint: Run, what: str) -> None:
    rules(here / "rules")
    without = siftlint("lint", "rules", "--no-cache")
    siftlint("lint", "rules")
    file = here / ".cache" / cache.FILE
    file.write_bytes(DAMAGE[what](file.read_bytes()))
    done = siftlint("lint", "rules")
    assert (done.status, done.out) == (without.status, without.out)
    assert ("is damaged" in done.err) == (what != "nothing in it"), done.err
    assert siftlint("lint", "rules") == without
    assert siftlint("lint", "rules") == without


def test_an_entry_of_another_shape(here: Path, siftlint: Run) -> None:
    rules(here / "rules")
    without = siftlint("lint", "rules")
    file = here / ".cache" / cache.FILE
    for data in (b"[]", b"{}", b"\xff", b"[" * 100_000, b"null", b"9" * 5_000):
        base = sqlite3.connect(file)
        base.execute("UPDATE kept SET data = ?, hash = ?", (data, cache.crc32(data)))
        base.commit()
        base.close()
        assert siftlint("lint", "rules") == without


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="permissions are POSIX's")
def test_a_folder_that_cannot_be_used(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(here / "rules")
    without = siftlint("lint", "rules", "--no-cache")
    (here / "file").write_text("", encoding="utf-8")
    for place in ("/proc/nowhere/cache", str(here / "file"), str(here / "file" / "below"), "/dev/null"):
        monkeypatch.setenv("SIFTLINT_CACHE_DIR", place)
        assert siftlint("lint", "rules") == without


def test_another_process_that_holds_it(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(here / "rules")
    without = siftlint("lint", "rules")
    monkeypatch.setattr(cache, "_PATIENCE", 0.1)
    base = sqlite3.connect(here / ".cache" / cache.FILE, isolation_level=None)
    base.execute("BEGIN EXCLUSIVE")
    start = time.monotonic()
    assert siftlint("lint", "rules") == without
    assert time.monotonic() - start < 10
    base.execute("ROLLBACK")
    base.close()


def test_many_processes_at_once(here: Path) -> None:
    for number in range(40):
        (here / f"{number:02}.yml").write_text(sigma(number, technique="t9999"), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SIFTLINT_CACHE_DIR": str(here / ".cache"), "NO_COLOR": "1"}
    shares = [[f"{number:02}.yml" for number in range(40) if number % 4 == share] for share in range(4)]
    command = [sys.executable, "-m", "linter", "lint", "--jobs", "1"]

    def run() -> list[Outcome]:
        running = [
            subprocess.Popen(
                [*command, *share], cwd=here, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
            )
            for share in shares
        ]
        ended = [one.communicate() for one in running]
        return [Outcome(one.returncode, *texts) for one, texts in zip(running, ended, strict=True)]

    first = run()
    assert [done.err for done in first] == [""] * 4
    assert all(done.out.count("error[unknown-technique]") == 10 for done in first)
    assert run() == first
    base = sqlite3.connect(here / ".cache" / cache.FILE)
    assert base.execute("SELECT count(*) FROM kept").fetchone() >= (40,)
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    base.close()


def test_it_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_SIZE", 1_000_000)
    for day in range(30):
        monkeypatch.setattr(time, "time", lambda day=day: day * 86_400.0)
        store = cache.Cache(str(tmp_path))
        if day:
            store.get([b"always in use"])
        store.put([(b"always in use", b"x")] if not day else [])
        store.put([(b"%d %d" % (day, number), os.urandom(1_000)) for number in range(100)])
        store.close()
    assert (tmp_path / cache.FILE).stat().st_size < 1_500_000
    store = cache.Cache(str(tmp_path))
    assert store.get([b"always in use"]) == {b"always in use": b"x"}
    assert len(store.get([b"29 %d" % number for number in range(100)])) == 100
    store.close()


def test_no_larger_entry_than_is_useful(tmp_path: Path) -> None:
    store = cache.Cache(str(tmp_path))
    store.put([(b"a", b"x" * (cache.MAX_ENTRY + 1)), (b"b", b"y")])
    assert store.get([b"a", b"b"]) == {b"b": b"y"}
    store.close()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIFTLINT_CACHE_DIR", str(tmp_path))
    assert cache.folder() == str(tmp_path)
    monkeypatch.delenv("SIFTLINT_CACHE_DIR")
    monkeypatch.setenv("HOME", "/home/x")
    for system, env, place in (
        ("linux", {"XDG_CACHE_HOME": "/y"}, "/y/siftlint"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/x/.cache/siftlint"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/x/.cache/siftlint"),
        ("darwin", {}, "/home/x/Library/Caches/siftlint"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/siftlint/cache"),
    ):
        if os.name == "nt":
            continue
        monkeypatch.setattr(sys, "platform", system)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        assert cache.folder() == place


def test_a_fault_of_ours_is_not_kept() -> None:
    assert kept.pack(FileResult("a.yml", "failure", failure="a.yml: ValueError: x")) is None
