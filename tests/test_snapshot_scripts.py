"""The scripts of the scheduled rebuild: public repositories (here: small ones on disk) → a snapshot → a draft pull request."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.gits import Repo
from tests.rules import ELASTIC, KUSTO, SPLUNK, YARAL, sigma

pytestmark = pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="the workflow runs on Linux")
FILES = {
    "SigmaHQ/sigma": ("rules/windows/a.yml", sigma(1, condition="selection and not 1 of filter_*").replace(
        "  condition", "  filter_main:\n    User: SYSTEM\n  condition")),
    "elastic/detection-rules": ("rules/windows/a.toml", ELASTIC),
    "splunk/security_content": ("detections/endpoint/a.yml", SPLUNK),
    "Azure/Azure-Sentinel": ("Hunting Queries/Some/a.yaml", KUSTO),
    "chronicle/detection-rules": ("rules/community/a.yaral", YARAL),
}  # fmt: skip


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def run(script: Path, *args: Path, **env: str) -> str:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["bash", str(script), *map(str, args)], env={**own, **settings, **env}, capture_output=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


BEFORE = """\
title: What the catalog knew before
id: 5f0c0d53-35a4-4f5b-8f0e-7b1c5d2e0901
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\before.exe'
  condition: selection
"""


def rebuilt(tmp_path: Path) -> Path:
    """A checkout whose snapshot is empty of what the repositories have; rebuilt."""
    for name, (path, text) in FILES.items():
        folder = tmp_path / "hub" / f"{name}.git"
        folder.mkdir(parents=True)
        repo = Repo(folder)
        repo.write(path, text)
        repo.write("elsewhere/b.yml", sigma(9))  # not asked for
        repo.commit("rules")
        repo.git("config", "uploadpack.allowFilter", "true")
    python = f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)}"
    program(tmp_path / "bin", "siftlint", f'export {python.replace(" exec", "; exec")} -P -m linter "$@"')
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", checkout / "tools", ignore=shutil.ignore_patterns("*.py", "*.tsv", "__pycache__"))
    out = tmp_path / "out"
    (tmp_path / "before/rules").mkdir(parents=True)
    (tmp_path / "before/rules/a.yml").write_text(BEFORE, encoding="utf-8")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [tmp_path / "bin" / "siftlint", "catalog", "build", "--corpus", f"sigma={tmp_path / 'before'}", "--output",
         checkout / "catalog_snapshot"], check=True, capture_output=True,
    )  # fmt: skip
    run(
        checkout / "tools" / "rebuild_snapshot.sh",
        tmp_path / "corpora",
        out,
        PATH=path,
        SIFTLINT_GIT=(tmp_path / "hub").as_uri(),
    )
    return out


def test_rebuild_and_propose(tmp_path: Path) -> None:
    out = rebuilt(tmp_path)
    manifest = json.loads((out / "catalog_snapshot" / "manifest.json").read_text(encoding="utf-8"))
    assert {one["repository"] for one in manifest["corpora"]} == set(FILES)
    assert {one["rules"] for one in manifest["corpora"]} == {1}
    assert all(len(one["commit"]) == 40 for one in manifest["corpora"])
    said = (out / "changes.md").read_text(encoding="utf-8")
    assert "Download by certutil" in said

    checkout = tmp_path / "checkout"
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(origin)], check=True)
    repo = Repo(checkout)
    repo.commit("before")
    repo.git("remote", "add", "origin", origin.as_uri())
    log = shlex.quote(str(tmp_path / "gh.log"))
    program(tmp_path / "bin", "gh", f'printf "%s\\n" "$*" >> {log}; case "$2" in list) echo "${{OPEN:-0}}";; esac')
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    propose = checkout / "tools" / "propose_snapshot.sh"
    run(propose, out, PATH=path)
    asked = (tmp_path / "gh.log").read_text(encoding="utf-8")
    assert "pr create --draft --head snapshot/rebuilt --base main" in asked
    assert (out / "body.md").read_text(encoding="utf-8") == said
    shown = subprocess.run(
        ["git", "-C", str(origin), "ls-tree", "-r", "--name-only", "snapshot/rebuilt"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "catalog_snapshot/manifest.json" in shown

    repo.git("reset", "-q", "--hard", "HEAD~1")
    run(propose, out, PATH=path, OPEN="1")
    assert "pr edit snapshot/rebuilt" in (tmp_path / "gh.log").read_text(encoding="utf-8")
    assert "nothing new" in run(propose, out, PATH=path)
