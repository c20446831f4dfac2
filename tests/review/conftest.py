"""A pull request: a repository with a base and a head, and a GitHub for it on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from linter import changes
from tests.conftest import Outcome, Run
from tests.gits import Repo
from tests.review.fake import NUMBER, REPO, GitHub, serving
from tests.review.judge import Judge, sitting


class PullRequest:
    """A branch `feature` off `main`, and what the command says of it."""

    def __init__(self, repo: Repo, hub: GitHub, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo, self.hub, self._run, self._patch = repo, hub, run, monkeypatch
        self.waits: list[float] = []

    def write(self, path: str, text: str) -> None:
        self.repo.write(path, text)

    def base(self) -> None:
        """What is written so far is the base."""
        self.repo.commit("base")
        self.repo.git("checkout", "-q", "-b", "feature")

    def push(self) -> str:
        """What is written so far is the head."""
        head = self.repo.commit("head")
        base = self.repo.git("merge-base", "main", "feature")
        diff = {change.path: list(change.ranges) for change in changes.diff(self.repo.top, base, head, 3)}
        self.hub.hunks = lambda path: diff.get(path, [])
        self.hub.push(head)
        event = {
            "pull_request": {
                "number": NUMBER,
                "head": {"sha": head, "repo": {"full_name": REPO}},
                "base": {"sha": self.repo.git("rev-parse", "main"), "repo": {"full_name": REPO}},
            }
        }
        path = self.repo.folder.parent / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        for name, value in {
            "GITHUB_EVENT_PATH": str(path), "GITHUB_REPOSITORY": REPO, "GITHUB_API_URL": self.hub.url, "GITHUB_TOKEN": "t0ken",
            "GITHUB_SERVER_URL": "https://github.example",
        }.items():  # fmt: skip
            self._patch.setenv(name, value)
        return head

    def review(self, *args: str) -> Outcome:
        return self._run("review", "--select", "unknown-technique,unreadable-rule,missing-technique,unused-selection", *args)


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """GitHub's own description of its interface; with SIFTLINT_NPM every request of every test here is held against it."""
    with sitting(tmp_path_factory.mktemp("judge")) as made:
        yield made


@pytest.fixture
def pull(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[PullRequest]:
    work = here / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    from linter.review import hub as module

    github = GitHub()
    made = PullRequest(Repo(work), github, siftlint, monkeypatch)
    monkeypatch.setattr(module, "PACE", 0.0)
    monkeypatch.setattr(module, "WAIT", made.waits.append)
    if os.environ.get("SIFTLINT_NPM"):
        judge: Judge = request.getfixturevalue("judge")
        answer = github.answer
        github.answer = lambda verb, path, body: judge(verb, path, body) or answer(verb, path, body)  # type: ignore[method-assign]
        judge.wrong.clear()
    with serving(github):
        yield made
    if os.environ.get("SIFTLINT_NPM"):
        assert judge.wrong == []
