"""Where output goes: a file whole or not at all; pipes and devices stay what they are."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from linter.atomic import write_whole
from tests.conftest import Run
from tests.rules import sigma
from tests.test_cli import put


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
