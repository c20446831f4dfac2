"""Hostile files through the front door: a located finding or silence, in bounded time and memory, the others still linted.

The cheap ones run here, all of them by `python -m tests.hostile.each`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.hostile.cases import cases
from tests.rules import sigma

CASES = cases()
GROUPS = ("sigma", "elastic", "splunk", "kusto", "yaral", "eql", "kuery", "lucene", "esql", "toml", "json", "other")
DEAR = (
    " ten thousand times",
    "thousands of rules",
    "a thousand rules",
    "ten thousand selections",
    "lists of lists",
    "unpacks to much",
)
"""What takes a second each: left to the command."""
GOOD = sigma(42, technique="t9999")


def group(name: str) -> str:
    first = name.partition(":")[0]
    return first if first in GROUPS else "other"


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120
    assert {group(name) for name in CASES} == set(GROUPS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each case runs in a forked process")
@pytest.mark.parametrize("which", GROUPS)
def test_hostile(which: str) -> None:
    """Processes of their own from one that has everything imported, which is not this one."""
    program = f"""
import sys
from tests.hostile.cases import cases
from tests.hostile.each import prepare, run
from tests.hostile.test_hostile import DEAR, group
prepare()
for number, (name, case) in enumerate(cases().items()):
    if group(name) == {which!r} and not name.endswith(DEAR):
        done = run(name, case, ((), (), ("parse",), ("suggest",))[number % 4])
        if done.wrong:
            print(done)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2_000:]


# files that are no plain files, and names


@pytest.mark.skipif(os.name == "nt", reason="links, pipes and such names are POSIX's")
def test_special_files(here: Path, command: Run) -> None:
    (here / "good.yml").write_text(GOOD, encoding="utf-8")
    os.mkfifo(here / "pipe.yml")
    links = {
        "zero.yml": "/dev/zero", "random.yml": "/dev/random", "stdin.yml": "/dev/stdin", "memory.yml": "/proc/self/mem",
        "itself.yml": "itself.yml", "dead.yml": "nowhere", "cycle": ".", "up": "..", "root": "/",
    }  # fmt: skip
    for name, leads_to in links.items():
        (here / name).symlink_to(leads_to)
    (here / "folder.yml").mkdir()
    deep = here
    for _ in range(60):
        deep = deep / "nested_folder"
        deep.mkdir()
    (deep / "deep.yml").write_text(GOOD.replace("a0042", "a0043"), encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(here)  # an address of a socket has some hundred bytes
        try:
            listening.bind("socket.yml")
        finally:
            os.chdir(before)
        done = command("lint", "--format", "json")
    assert done.status == 1
    assert "Traceback" not in done.err
    found = {(one["path"], one["check"]) for one in json.loads(done.out)["findings"] if one["check"] == "unknown-technique"}
    assert {path.rpartition("/")[2] for path, _ in found} == {"good.yml", "deep.yml"}
    for name, said in (
        ("pipe.yml", "a named pipe"), ("zero.yml", "a device"), ("itself.yml", "can't be read"), ("socket.yml", "a socket"),
        ("dead.yml", "no such file"),
    ):  # fmt: skip
        named = command("lint", name)
        assert said in named.out, named
        assert "Traceback" not in named.err
        assert "Traceback" not in command("parse", name).err
        assert "Traceback" not in command("suggest", name).err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("format", ["text", "json", "sarif", "github", "gitlab", "junit", "rdjson", "markdown"])
def test_names(here: Path, command: Run, format: str) -> None:
    names = [
        b"new\nline.yml", b"carriage\rreturn.yml", b"\x1b[31mred.yml", b"latin-\xe9.yml", b"::error::x.yml", b"-rf.yml",
        "\u202egpj.yml".encode(), b"a b'c\"d`e$(f).yml", b"%0A::stop.yml", b"<script>.yml", b"x" * 200 + b".yml",
    ]  # fmt: skip
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(here) + b"/" + name)).write_text(sigma(number, technique="t9999"), encoding="utf-8")
    done = command("lint", "--format", format, "--select", "unknown-technique")
    assert done.status == 1, done
    assert "Traceback" not in done.err
    assert "internal" not in done.err
    assert "\x1b[31m" not in done.out
    if format == "json":
        assert len(json.loads(done.out)["findings"]) == len(names)
