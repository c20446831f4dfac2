"""Fixtures that every test may use: a folder of its own to work in, and the command as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from linter import config

ROOT = Path(__file__).resolve().parents[1]


class Outcome(NamedTuple):
    """What a run of the command gave."""

    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    config.nearest.cache_clear()
    return tmp_path


@pytest.fixture
def siftlint(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process, in the folder `here`: `siftlint("lint", "rules")`."""
    from linter.cli import main

    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("SIFTLINT_CACHE_DIR", str(here / ".cache"))

    def run(*args: str | Path) -> Outcome:
        config.nearest.cache_clear()
        capsys.readouterr()
        status = main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
def command(here: Path) -> Run:
    """Runs the command in a process of its own, in the folder `here`; `env` adds to the environment."""

    def run(*args: str | Path, env: dict[str, str] | None = None, module: str = "linter") -> Outcome:
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, args)],
            cwd=here,
            env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": paths, "SIFTLINT_CACHE_DIR": str(here / ".cache"), **(env or {})},
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run
