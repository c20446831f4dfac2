"""`--changed-since`: which files and lines a change touched, in real git repositories."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from linter import changes
from linter.changes import ChangesError
from tests.conftest import Run
from tests.gits import Repo
from tests.rules import NOISY, sigma


@pytest.fixture
def repo(here: Path) -> Repo:
    repo = Repo(here)
    (here / "rules").mkdir()
    for number in range(1, 5):
        repo.write(f"rules/{number}.yml", sigma(number, technique="t9999"))
    repo.commit("base")
    repo.git("checkout", "-q", "-b", "feature")
    return repo


def linted(done: object) -> list[str]:
    return sorted({rule["path"] for rule in json.loads(done.out)["rules"]})  # type: ignore[attr-defined]


def test_changed_added_untracked_deleted_and_moved(repo: Repo, siftlint: Run) -> None:
    repo.write("rules/1.yml", sigma(1, technique="t9999").replace("level: high", "level: low"))
    repo.git("rm", "-q", "rules/2.yml")
    repo.git("mv", "rules/3.yml", "rules/moved.yml")
    repo.git("mv", "rules/4.yml", "rules/moved and changed.yml")
    repo.write("rules/moved and changed.yml", sigma(4, technique="t9999", title="Another title"))
    repo.write("rules/ädded\n.yml", sigma(5))
    repo.commit("change")
    repo.write("rules/untracked.yml", sigma(6))
    repo.write("ignored.yml", sigma(7))
    repo.write(".gitignore", "ignored.yml\n")
    done = siftlint("lint", "--changed-since", "main", "--format", "json")
    assert linted(done) == ["rules/1.yml", "rules/moved and changed.yml", "rules/untracked.yml", "rules/ädded\n.yml"]
    assert json.loads(done.out)["summary"]["files"] == 4
    assert done.status == 1
    whole = siftlint("lint", repo.folder / "rules", "--changed-since", "main", "--format", "json")
    assert len(linted(whole)) == 4


def test_ranges(repo: Repo) -> None:
    text = sigma(1, technique="t9999").splitlines(keepends=True)
    repo.write("rules/1.yml", "".join([*text[:1], "# one\n", "# two\n", *text[1:5], *text[7:]]))
    repo.write("rules/new.yml", "a\nb\nc\n")
    repo.git("add", "-A")
    found = changes.since("main", ["rules/1.yml", "rules/2.yml", "rules/new.yml"])
    assert found == {"rules/1.yml": ((2, 3), (7, 8)), "rules/new.yml": ((1, 3),)}
    with_context = {change.path: change.ranges for change in changes.diff(repo.top, "HEAD", context=3)}
    assert with_context["rules/1.yml"] == ((1, 10),)


def test_the_merge_base_counts_not_the_tip(repo: Repo, siftlint: Run) -> None:
    repo.write("rules/1.yml", sigma(1, title="Ours"))
    repo.commit("ours")
    repo.git("checkout", "-q", "main")
    repo.write("rules/2.yml", sigma(2, title="Theirs"))
    repo.commit("theirs")
    repo.git("checkout", "-q", "feature")
    assert linted(siftlint("lint", "--changed-since", "main", "--format", "json")) == ["rules/1.yml"]


def test_text_that_looks_like_a_patch(repo: Repo) -> None:
    tricky = "diff --git a/x b/x\n@@ -1 +99,9 @@\n-- a/x\n++ b/rules/2.yml\n"
    repo.write("rules/1.yml", tricky + sigma(1))
    repo.write("rules/2.yml", sigma(2, title="Other"))
    repo.write(".gitattributes", "*.yml -diff binary\n")
    repo.commit("change")
    found = {change.path: change.ranges for change in changes.diff(repo.top, "main", "HEAD")}
    assert found["rules/1.yml"][0] == (1, 4)
    assert found["rules/2.yml"][0] == (1, 1)


def test_a_reader_s_own_git_settings_change_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("rules/1.yml", sigma(1, title="Other"))
    repo.git("mv", "rules/3.yml", "rules/b.yml")
    repo.commit("change")
    plain = changes.diff(repo.top, "main", "HEAD")
    for key, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.renames": "false", "color.ui": "always",
        "diff.external": "false", "core.quotePath": "true", "diff.suppressBlankEmpty": "true", "diff.context": "9",
    }.items():  # fmt: skip
        repo.git("config", key, value)
    assert changes.diff(repo.top, "main", "HEAD") == plain


def test_links_modes_and_submodules(repo: Repo) -> None:
    repo.write("sub/x.yml", "x\n")
    repo.commit("before")
    (repo.folder / "rules/link.yml").symlink_to("1.yml")
    (repo.folder / "rules/2.yml").chmod(0o755)
    (repo.folder / "sub/x.yml").unlink()
    (repo.folder / "sub/x.yml").symlink_to("../rules/1.yml")
    head = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    repo.write("zz.yml", "z\n")
    repo.git("add", "rules", "sub", "zz.yml")
    repo.git("commit", "-q", "-m", "odd")
    found = {change.path: change.ranges for change in changes.diff(repo.top, head, "HEAD")}
    assert found == {"rules/2.yml": (), "rules/link.yml": ((1, 1),), "sub/x.yml": ((1, 1),), "zz.yml": ((1, 1),)}


def test_from_a_folder_below_and_from_outside(repo: Repo, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("rules/1.yml", sigma(1, title="Other"))
    monkeypatch.chdir(repo.folder / "rules")
    assert linted(siftlint("lint", "--changed-since", "main", "--format", "json")) == ["1.yml"]
    monkeypatch.chdir(repo.folder.parent)
    given = f"{repo.folder.name}/rules"
    assert linted(siftlint("lint", given, "--changed-since", "main", "--format", "json")) == [f"{given}/1.yml"]


def test_nothing_changed(repo: Repo, siftlint: Run) -> None:
    done = siftlint("lint", "--changed-since", "main")
    assert (done.status, done.err) == (0, "siftlint: no rules that changed since main in this folder\n")


def test_a_shallow_clone_names_the_fetch(repo: Repo, tmp_path_factory: pytest.TempPathFactory) -> None:
    repo.write("rules/1.yml", sigma(1, title="Ours"))
    repo.commit("ours")
    repo.git("checkout", "-q", "main")
    repo.write("rules/2.yml", sigma(2, title="Theirs"))
    repo.commit("theirs")
    clone = tmp_path_factory.mktemp("clone") / "c"
    url = repo.folder.as_uri()
    subprocess.run(["git", "clone", "-q", "--depth", "1", "--branch", "feature", url, str(clone)], check=True)
    with pytest.raises(ChangesError, match=r"no commit `main` in this clone; fetch it: `git fetch origin main:refs/remotes/"):
        changes.merge_base(str(clone), "main")
    with pytest.raises(ChangesError, match=r"no commit `origin/main` .*`git fetch origin main:refs/remotes/origin/main` \("):
        changes.merge_base(str(clone), "origin/main")
    subprocess.run(
        ["git", "-C", str(clone), "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main"], check=True
    )
    with pytest.raises(ChangesError, match=r"shallow clone.*git fetch --unshallow.*fetch-depth: 0"):
        changes.merge_base(str(clone), "origin/main")
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--unshallow"], check=True)
    assert changes.merge_base(str(clone), "origin/main") == repo.git("merge-base", "main", "feature")


@pytest.mark.parametrize("ref", ["nope", "--output=x", "", "a\0b", "HEAD:rules", "a..b", "-", "$(touch x)"])
def test_refs_that_are_none(repo: Repo, siftlint: Run, ref: str) -> None:
    with pytest.raises(ChangesError, match="no commit"):
        changes.merge_base(repo.top, ref)
    assert not (repo.folder / "x").exists()
    if ref and "\0" not in ref:
        assert siftlint("lint", f"--changed-since={ref}").status == 2


def test_no_repository_and_no_git(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.yml").write_text(NOISY, encoding="utf-8")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.parent))
    done = siftlint("lint", "--changed-since", "main")
    assert done.status == 2
    assert "not a git repository" in done.err
    monkeypatch.setenv("PATH", str(here))
    done = siftlint("lint", "--changed-since", "main")
    assert done.status == 2
    assert "git can't be run" in done.err


def test_histories_with_nothing_in_common(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("other")
    with pytest.raises(ChangesError, match="no commit in common"):
        changes.merge_base(repo.top, "main")
