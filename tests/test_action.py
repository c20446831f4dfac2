"""The action's steps as a runner's shell runs them: in a repository with a base and a head, against a GitHub on loopback."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from linter import changes
from tests.conftest import ROOT
from tests.gits import Repo
from tests.hostile_text import no_command
from tests.review.fake import NUMBER, REPO, GitHub, serving
from tests.rules import sigma

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


class Ran(NamedTuple):
    """What a step gave."""

    status: int
    out: str
    outputs: dict[str, str]
    summary: str


def installed(folder: Path) -> str:
    """A Python in which this checkout is installed, as far as `python -I` tells (whatever the one that runs the tests has)."""
    python = folder / "python"
    script = f'shift\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P "$@"\n'
    python.write_text(f"#!/bin/sh\n{script}", encoding="utf-8", newline="\n")
    python.chmod(0o755)
    return str(python)


class Runner:
    """As much of a runner as the action asks of one. `expressions` are the values of what it writes in `${{ }}`."""

    def __init__(self, repo: Repo, temp: Path, hub: GitHub) -> None:
        self.repo, self.temp, self.hub = repo, temp, hub
        self.inputs = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        self.inputs["token"] = "t0ken"
        self.steps: dict[str, dict[str, str]] = {
            "python": {"python-path": sys.executable},
            "install": {"python": installed(temp)},
        }
        self.event: dict[str, Any] = {}

    def expression(self, text: str) -> str:
        found = re.fullmatch(r"\$\{\{ (.+) \}\}", text)
        if found is None:
            assert "${{" not in text
            return text
        what = found[1]
        if what == "github.action_path":
            return str(ROOT)
        if what == "github.event.pull_request.base.sha":
            return str(self.event.get("pull_request", {}).get("base", {}).get("sha", ""))
        if what == "inputs.comment != 'none'":
            return str(self.inputs["comment"] != "none").lower()
        if what == "inputs.comment != 'none' && github.event.pull_request":
            return str(self.inputs["comment"] != "none" and "pull_request" in self.event).lower()
        if step := re.fullmatch(r"steps\.(\w+)\.outputs\.([\w-]+)", what):
            return self.steps.get(step[1], {}).get(step[2], "")
        assert re.fullmatch(r"inputs\.[\w-]+", what), what
        return self.inputs[what.removeprefix("inputs.")]

    def run(self, step: dict[str, Any]) -> Ran:
        event, output, summary = (self.temp / name for name in ("event.json", "output", "summary"))
        event.write_text(json.dumps(self.event), encoding="utf-8")
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        env = {name: self.expression(value) for name, value in step.get("env", {}).items()}
        system = {
            "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": REPO, "CI": "true",
            "GITHUB_API_URL": self.hub.url,
            "GITHUB_SERVER_URL": "https://github.example",
        }  # fmt: skip
        own = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "PYTHON"))}
        done = subprocess.run(
            [BASH or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.repo.folder, env={**own, **system, **env}, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
            timeout=300, check=False,
        )  # fmt: skip
        outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        self.steps.setdefault(step.get("id", ""), {}).update(outputs)
        return Ran(done.returncode, done.stdout + done.stderr, outputs, summary.read_text(encoding="utf-8"))

    def action(self) -> tuple[dict[str, Ran], str]:
        """Every step that runs a script but the installation, in order, as far as they go; and the last one's name."""
        ran: dict[str, Ran] = {}
        for step in STEPS[2:]:
            if self.expression(step.get("if", "true")) != "true":
                continue
            ran[step["name"]] = self.run(step)
            if ran[step["name"]].status:
                break
        return ran, list(ran)[-1]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    work, temp = tmp_path / "work", tmp_path / "temp"
    work.mkdir()
    temp.mkdir()
    repo = Repo(work)
    repo.write("rules/old.yml", sigma(1, technique="t9999"))
    repo.write("rules/2.yml", sigma(2))
    base = repo.commit("base")
    repo.git("checkout", "-q", "-b", "feature")
    repo.write("rules/2.yml", sigma(2, technique="t9999"))
    repo.write("rules/$(touch owned).yml", sigma(3, title="::error::forged", technique="t1100"))
    head = repo.commit("head")
    hub = GitHub()
    hub.head = head
    diff = {change.path: list(change.ranges) for change in changes.diff(repo.top, base, head, 3)}
    hub.hunks = lambda path: diff.get(path, [])
    with serving(hub):
        made = Runner(repo, temp, hub)
        side = {"repo": {"full_name": REPO}}
        made.event = {"pull_request": {"number": NUMBER, "head": {"sha": head, **side}, "base": {"sha": base, **side}}}
        yield made


def test_a_pull_request(runner: Runner) -> None:
    runner.inputs["sarif"] = str(runner.temp / "out.sarif")
    ran, last = runner.action()
    lint = ran["Lint"]
    assert lint.status == 0, lint.out
    assert lint.outputs["failed"] == "true"
    counts = {name: int(lint.outputs[name]) for name in ("findings", "errors", "warnings", "advice")}
    assert counts["findings"] == counts["errors"] + counts["warnings"] + counts["advice"] >= 2
    assert (counts["errors"], counts["warnings"]) == (1, 1)
    assert lint.out.count("::error file=rules/2.yml,line=5,") == 1
    assert "old.yml" not in lint.out  # changed-only
    no_command(lint.out, counts["findings"])
    assert lint.summary.startswith("## siftlint: 1 error")
    sarif = json.loads(Path(lint.outputs["sarif"]).read_text(encoding="utf-8"))
    assert len(sarif["runs"][0]["results"]) == counts["findings"]
    assert ran["Review"].status == 0, ran["Review"].out
    assert len(runner.hub.mine()) >= 2
    assert len(runner.hub.summaries()) == 1
    assert (last, ran[last].status) == ("Verdict", 1)
    assert not (runner.repo.folder / "owned").exists()
    assert runner.repo.git("status", "--porcelain") == ""  # nothing is left in the checkout


def test_everything_and_never_failing(runner: Runner) -> None:
    runner.inputs |= {
        "changed-only": "false",
        "fail-on": "never",
        "comment": "none",
        "paths": "rules/old.yml\r\n\n rules/2.yml\n",
    }
    runner.inputs["paths"] = "rules/old.yml\r\n\nrules/2.yml\n"
    ran, last = runner.action()
    assert list(ran) == ["Lint", "Verdict"]
    assert ran["Lint"].outputs["errors"] == "2"
    assert ran["Lint"].outputs["sarif"] == ""
    assert ran[last].status == 0
    assert not runner.hub.requests


def test_a_push_has_no_pull_request(runner: Runner) -> None:
    runner.event = {"before": "0" * 40}
    ran, _ = runner.action()
    assert list(ran) == ["Lint", "Verdict"]
    assert "old.yml" in ran["Lint"].out


def test_a_fork(runner: Runner) -> None:
    """A token that may only read: annotations and summary are there, and the log says why there are no comments."""
    runner.hub.rights = False
    ran, last = runner.action()
    assert ran["Lint"].summary
    assert "nothing was posted: this token may not write to pull requests (one from a fork never may" in ran["Review"].out
    assert "  | ## siftlint" in ran["Review"].out
    assert ran["Review"].status == 0
    no_command(ran["Review"].out)
    assert last == "Verdict"


def test_github_is_down(runner: Runner) -> None:
    """Findings are what fails a job, not GitHub."""
    runner.event["pull_request"]["number"] = 8
    runner.hub.head = ""
    ran, last = runner.action()
    assert ran["Review"].status == 0
    assert last == "Verdict"


def test_summary_alone(runner: Runner) -> None:
    runner.inputs["comment"] = "summary"
    ran, _ = runner.action()
    assert ran["Review"].status == 0
    assert not runner.hub.mine()
    [summary] = runner.hub.summaries()
    assert "rules/2.yml" in summary


def test_inputs_are_no_commands(runner: Runner) -> None:
    for name, value in {
        "paths": "rules/2.yml\n--output=owned\n$(touch owned)\n`touch owned`\n; touch owned",
        "fail-on": "never; touch owned", "persona": "$(touch owned)", "baseline": "--output=owned", "sarif": "$(touch owned)",
        "version": "1.0 --index-url=x; touch owned",
    }.items():  # fmt: skip
        before = dict(runner.inputs)
        runner.inputs[name] = value
        runner.action()
        if name == "version":
            assert runner.run(STEPS[1]).status == 2
        runner.inputs = before
        assert not (runner.repo.folder / "owned").exists(), name
        runner.hub.comments.clear()


def test_a_wrong_configuration_says_so(runner: Runner) -> None:
    runner.repo.write("siftlint.toml", "nonsense = 1\n")
    ran, last = runner.action()
    assert last == "Lint"
    assert ran[last].status == 2
    assert "nonsense" in ran[last].out


def test_the_pull_request_brings_no_code(runner: Runner) -> None:
    """A folder `linter` (or a module of ours) at the root of the checkout is not imported."""
    for name in ("linter/__init__.py", "yaml.py", "json.py", "sitecustomize.py", "github/__init__.py"):
        runner.repo.write(name, "open('owned', 'w').close()\n")
    ran, _ = runner.action()
    assert ran["Lint"].outputs["errors"] == "1"
    assert not (runner.repo.folder / "owned").exists()


def test_expressions_reach_scripts_by_the_environment_alone() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        assert "run" in step or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


@pytest.mark.skipif(bool(os.environ.get("SIFTLINT_NO_INSTALL")), reason="SIFTLINT_NO_INSTALL is set")
def test_the_installation(runner: Runner) -> None:
    """siftlint from the action's checkout, with its snapshot, in an environment of its own."""
    ran = runner.run(STEPS[1])
    if ran.status and "No matching distribution" in ran.out:
        pytest.skip("no package index here")
    assert ran.status == 0, ran.out
    python = ran.outputs["python"]
    code = "import linter, github; print(linter.__file__)"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert Path(done.stdout.strip()).is_relative_to(runner.temp)
