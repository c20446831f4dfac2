"""The hooks: which files they take, and what the real pre-commit does with them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from linter.catalog.snapshot import shipped
from tests.conftest import ROOT
from tests.rules import EVERY, NOISY, sigma

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("rules/windows/proc_creation_win_certutil.yml", True),
        ("rules/a.YAML", True),
        ("detections/endpoint/x.yml", True),
        ("rules/windows/credential_access.toml", True),
        ("export.ndjson", True),
        ("Solutions/Example/Analytic Rules/x.yaml", True),
        ("queries/x.kql", True),
        ("community/x.yaral", True),
        ("community/x.yl2", True),
        ("README.md", False),
        ("rules/test.py", False),
        ("rules/x.yml.bak", False),
        (".github/workflows/ci.yml", False),
        (".pre-commit-config.yaml", False),
        ("pyproject.toml", False),
        ("siftlint.toml", False),
        ("web/package-lock.json", False),
        ("node_modules/x/y.yml", False),
    ],
)
def test_files(hook: dict[str, Any], path: str, taken: bool) -> None:
    assert (bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)) is taken


def test_hooks_are_as_they_are_described() -> None:
    assert [hook["id"] for hook in HOOKS] == ["siftlint", "siftlint-fix"]
    for hook in HOOKS:
        assert hook["language"] == "python"
        assert hook["require_serial"] is True
    assert HOOKS[0]["verbose"] is True
    assert "--fix" in HOOKS[1]["entry"]


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds this working tree as a commit, the snapshot included, as a release does."""
    if not shutil.which("git") or not shutil.which("pre-commit"):
        pytest.skip("needs git and pre-commit on the path")
    folder = tmp_path_factory.mktemp("siftlint")
    for name in ("linter", "catalog_snapshot"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-m", "release")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the hook's environment: it is built once for all tests."""
    return tmp_path_factory.mktemp("pre-commit-home")


@pytest.fixture
def commit(tmp_path: Path, hook_repository: Path, home: Path):
    """Runs a hook on files that are about to be committed; gives the exit status and what is printed."""
    git(tmp_path, "init")

    def run(files: dict[str, str], hook: str = "siftlint", *, attempt: bool = False) -> tuple[int, str]:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hook_repository, check=True, capture_output=True, text=True)
        ours = f"repos:\n- repo: {hook_repository}\n  rev: {done.stdout.strip()}\n  hooks: [{{id: {hook}}}]\n"
        for name, text in {**files, ".pre-commit-config.yaml": ours}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(tmp_path, "add", "-A")
        command = ["try-repo", str(hook_repository), hook] if attempt else ["run", hook]
        done = subprocess.run(
            ["pre-commit", *command, "--files", *files],
            cwd=tmp_path,
            env={**os.environ, "PRE_COMMIT_HOME": str(home), "NO_COLOR": "1", "PRE_COMMIT_COLOR": "never"},
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def printed(out: str) -> list[str]:
    """What the hook itself printed: the lines below pre-commit's own."""
    lines = out.splitlines()
    start = next(number for number, line in enumerate(lines) if re.match(r"siftlint.*\.\.\.+", line))
    return [line for line in lines[start + 1 :] if line.strip() and not line.startswith("- ")]


def test_an_unknown_technique_fails_the_commit(commit) -> None:
    status, out = commit({"rules/a.yml": sigma(technique="t9999")}, attempt=True)
    assert status == 1, out
    assert "rules/a.yml:5:12 error[unknown-technique]" in out
    assert "T9999 is not a technique of ATT&CK" in out


@pytest.mark.skipif(not shipped().is_dir(), reason="needs the shipped snapshot, which is not built here")
def test_a_noisy_rule_passes_with_its_advice_shown(commit) -> None:
    status, out = commit({"rules/noisy.yml": NOISY})
    assert status == 0, out
    assert "rules/noisy.yml:10:21 advice[noisy-branch]" in out


def test_a_clean_rule_prints_nothing(commit) -> None:
    status, out = commit({"rules/a.yml": EVERY["splunk.yml"]})
    assert status == 0, out
    assert printed(out) == []


def test_other_files_are_left_alone(commit) -> None:
    files = {
        "docker-compose.yml": "services:\n  web: {image: nginx}\n",
        "values.yaml": "detection: {a: 1}\ntitle: x\n",
        "broken.yml": "a: [\n",
        "Cargo.toml": "[package]\nname = 'x'\n",
        "data.json": "[1, 2",
    }
    status, out = commit(files)
    assert status == 0, out
    assert printed(out) == []


def test_the_fix_hook_changes_the_file_and_fails(commit, tmp_path: Path) -> None:
    text = sigma(technique="t1562.001")
    status, out = commit({"rules/a.yml": text}, "siftlint-fix")
    assert status == 1, out
    assert "files were modified by this hook" in out
    assert "1 fix in 1 file" in out
    assert (tmp_path / "rules" / "a.yml").read_text(encoding="utf-8") == text.replace("t1562.001", "t1685")
    status, out = commit({"rules/a.yml": text.replace("t1562.001", "t1685")}, "siftlint-fix")
    assert (status, printed(out)) == (0, [])
