"""Where output goes: a file whole or not at all; pipes and devices stay what they are."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from linter.atomic import write_whole
from tests.conftest import ROOT, Run
from tests.rules import sigma
from tests.test_cli import put

PIPES: dict[str, int] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def environment(here: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "SIFTLINT_CACHE_DIR": str(here / ".cache")}


def process(*words: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "linter", *words], env=environment(Path.cwd()), check=False, **streams)


def test_output_goes_to_a_file_whole(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    done = siftlint("lint", "--format", "json", "--output", "out.json")
    assert (done.status, done.out) == (1, "")
    assert json.loads((here / "out.json").read_text(encoding="utf-8"))["summary"]["findings"] == 1
    assert [path.name for path in here.iterdir() if path.name.startswith(".siftlint")] == []
    failed = siftlint("lint", "--output", "nowhere/out.txt")
    assert failed.status == 3
    assert "can't write nowhere/out.txt" in failed.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which Windows has not")
def test_a_pipe_is_written_to_and_stays(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    os.mkfifo(here / "pipe")
    got: list[str] = []
    reader = Thread(target=lambda: got.append((here / "pipe").read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert siftlint("lint", "--output", "pipe").status == 1
    reader.join(10)
    assert "T9999" in got[0]
    assert stat.S_ISFIFO((here / "pipe").stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="a device of Unix")
def test_a_device_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: str) -> None:
        raise AssertionError("a device would have been replaced")

    monkeypatch.setattr(os, "replace", refused)
    write_whole(os.devnull, "text")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full, a thing of Linux")
@pytest.mark.parametrize("words", [("lint", "."), ("lint", ".", "--format", "json"), ("checks",), ("explain", "broad-value")])
def test_a_full_standard_output_is_said_in_one_line(here: Path, words: tuple[str, ...]) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    with Path("/dev/full").open("wb") as full:
        done = process(*words, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (3, b"siftlint: can't write to standard output: No space left on device\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of Unix")
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_closed_streams_change_nothing_else(here: Path, closed: str) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    command = f'"{sys.executable}" -m linter lint . {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, env=environment(here))
    assert done.returncode == 1
    assert (b"unknown-technique" in done.stdout) is ("1" not in closed)
    assert done.stderr == b""


def test_nobody_reads_to_the_end(here: Path) -> None:
    put(here, {f"{n}.yml": sigma(n, technique="t9999") for n in range(300)})
    with subprocess.Popen([sys.executable, "-m", "linter", "lint", "."], env=environment(here), **PIPES) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr.read() == b""
