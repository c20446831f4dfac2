"""Building: what is counted, provenance, the same bytes, layers, faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linter.catalog.build import run_build
from linter.catalog.load import Catalog
from linter.catalog.snapshot import SnapshotError
from linter.rule import Indicator
from tests.catalog.conftest import SIGMA, process, share, uuid, write


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_only_live_rules_are_counted(catalog: Catalog) -> None:
    assert catalog.total == 7
    assert {rule.title for rule in catalog.every_rule()} == {
        "Share 1", "Share 2", "Share 3", "Share 4", "Process 5", "Process 6", "Process 7",
    }  # fmt: skip


def test_provenance_comes_from_the_table_beside_the_corpora(catalog: Catalog) -> None:
    (corpus,) = catalog.manifest["corpora"]
    assert (corpus["repository"], corpus["date"], corpus["licence"], corpus["rules"]) == (
        "somebody/rules",
        "2024-05-06",
        "CC0",
        7,
    )
    (handle,) = catalog.by_id(uuid(1))
    assert catalog.rule(handle).url == (
        "https://github.com/somebody/rules/blob/0123456789abcdef0123456789abcdef01234567/rules/windows/share1.yml"
    )


def test_without_a_table_and_git_it_is_unknown(tmp_path: Path) -> None:
    write(tmp_path / "in" / "sigma", {"rules/a.yml": share(1)})
    run_build([f"sigma={tmp_path / 'in' / 'sigma'}"], str(tmp_path / "out"))
    catalog = Catalog.open(tmp_path / "out")
    (corpus,) = catalog.manifest["corpora"]
    assert corpus["commit"] == corpus["licence"] == "unknown"
    assert catalog.every_rule()[0].url == ""


def test_git_is_asked_where_there_is_no_table(tmp_path: Path) -> None:
    folder = write(tmp_path / "in" / "sigma", {"rules/a.yml": share(1)})
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["commit", "-qm", "x"],
        ["remote", "add", "origin", "git@github.com:me/mine.git"],
    ):
        subprocess.run([*git, *words], check=True, capture_output=True)
    run_build([f"sigma={folder}"], str(tmp_path / "out"))
    (corpus,) = Catalog.open(tmp_path / "out").manifest["corpora"]
    assert corpus["repository"] == "me/mine"
    assert len(corpus["commit"]) == 40


def test_same_corpus_same_bytes_whatever_the_processes(corpus: Path, snapshot: Path, tmp_path: Path) -> None:
    run_build([f"sigma={corpus / 'sigma'}"], str(tmp_path / "again"), processes=2)
    assert content(tmp_path / "again") == content(snapshot)


def test_no_text_of_rules_is_carried(snapshot: Path) -> None:
    text = b"\n".join(content(snapshot).values()).decode()
    for words in ("condition", "not 1 of", "description", "filter_machine"):
        assert words not in text


def test_a_snapshot_is_replaced_and_nothing_else_is(corpus: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    (target / "stray.txt").write_text("x", encoding="utf-8")
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    assert not (target / "stray.txt").exists()
    other = tmp_path / "mine"
    write(other, {"thesis.txt": "years of work"})
    with pytest.raises(ValueError, match="something else"):
        run_build([f"sigma={corpus / 'sigma'}"], str(other))
    assert (other / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize(
    ("corpora", "words"),
    [
        ([], "at least one"),
        (["sigma"], "NAME=DIR"),
        (["sigma=/no/such/folder"], "no folder"),
        (["mine=."], "--layer"),
        (["sigma=.", "sigma=."], "different names"),
    ],
)
def test_wrong_arguments_are_one_sentence(corpora: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        run_build(corpora, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_table_without_its_columns_is_refused(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "s.tsv").write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(ValueError, match="first line must name"):
        run_build([f"sigma={corpus / 'sigma'}"], str(tmp_path / "out"), sources=str(tmp_path / "s.tsv"))


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_that_cannot_be_written_is_one_sentence(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(SnapshotError, match="can't be written"):
        run_build([f"sigma={corpus / 'sigma'}"], str(tmp_path / "closed" / "out"))


def test_a_full_disk_leaves_the_old_snapshot_whole(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    before = content(target)
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "events.tsv":
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SnapshotError, match="No space left"):
        run_build([f"sigma={corpus / 'sigma'}"], str(target))
    assert content(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_killed_build_leaves_the_old_snapshot_whole(corpus: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    before = content(target)
    script = (
        "import sys, os, pathlib\n"
        "from linter.catalog import build\n"
        "real = pathlib.Path.write_bytes\n"
        "def slow(self, data):\n"
        "    if self.name == 'events.tsv':\n"
        "        print('half', flush=True); import time; time.sleep(60)\n"
        "    return real(self, data)\n"
        "pathlib.Path.write_bytes = slow\n"
        "build.run_build([sys.argv[1]], sys.argv[2])\n"
    )
    words = [sys.executable, "-c", script, f"sigma={corpus / 'sigma'}", str(target)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process_:
        assert process_.stdout is not None
        assert process_.stdout.readline().strip() == b"half"
        process_.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    assert content(target) == before
    (left,) = [path for path in tmp_path.iterdir() if path.name.endswith(".new")]
    old = time.time() - 7200
    os.utime(left, (old, old))
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert content(target) == before


def test_a_run_killed_between_the_two_renames_is_mended(corpus: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run_build([f"sigma={corpus / 'sigma'}"], str(target))
    aside = tmp_path / ".out-abc.old"
    aside.mkdir()
    target.rename(aside / "snapshot")
    assert Catalog.open(target).total == 7
    assert not aside.exists()


def test_layers_are_stacked_and_named(snapshot: Path, tmp_path: Path) -> None:
    rules = {"win/own1.yml": share(101), "win/own2.yml": share(102, level="high"), "deprecated/x.yml": process(103)}
    write(tmp_path / "rules", rules)
    built = run_build([f"mine={tmp_path / 'rules'}"], str(tmp_path / "mine"), layer=True)
    assert built.rules == {"mine": 3}  # whatever folder a private rule is in, it is live
    catalog = Catalog.open(snapshot, [tmp_path / "mine"])
    assert catalog.total == 10
    assert {rule.url for rule in catalog.every_rule() if rule.layer} == {""}
    table = catalog.event_class("windows:security:5145")
    assert len(table.rules) == 6
    assert table.families() == 6
    row = next(table.exclusions())
    assert row.indicator == Indicator("SubjectUserName", "endswith", "$")
    own = [catalog.rule(handle) for handle in row.rules if handle.startswith("1:")]
    assert {rule.ref.layer for rule in own} == {"mine"}
    assert catalog.reach(Indicator("EventID", "eq", "5145")).total == 6
    excluders = catalog.excluders(row.indicator)
    assert excluders is not None
    assert len(excluders.rules) == 6
    assert catalog.by_id(uuid(101)) == (own[0].handle,) or catalog.by_id(uuid(101)) == (own[1].handle,)
    assert len(catalog.technique("T1021.002").rules) == 6
    assert len(catalog.every_rule()) == 10


def test_a_manifest_names_every_file(snapshot: Path) -> None:
    manifest = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) | {"manifest.json"} == set(content(snapshot))
    assert manifest["rules"] == 7
    assert set(SIGMA) >= {"rules/windows/share1.yml"}


def test_the_order_of_corpora_does_not_matter(corpus: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine", {"a.yml": share(101), "b.yml": process(102)})
    both = [f"sigma={corpus / 'sigma'}", f"mine={tmp_path / 'mine'}"]
    run_build(both, str(tmp_path / "one"), layer=True)
    run_build(both[::-1], str(tmp_path / "two"), sources=str(corpus / "SOURCES.tsv"), layer=True)
    assert content(tmp_path / "one") == content(tmp_path / "two")
