"""The snapshot against its schemas: a small one whole, the shipped one by samples, damaged ones found out."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest

from linter.catalog import layout
from linter.catalog.snapshot import manifest_hash, shipped
from linter.catalog.verify import main, problems


def test_a_built_snapshot_is_fine(snapshot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(problems(snapshot)) == []
    assert main([str(snapshot)]) == 0
    assert capsys.readouterr().out.endswith("fine\n")


@pytest.mark.skipif(not (shipped() / "manifest.json").is_file(), reason="this checkout has no snapshot")
def test_the_shipped_snapshot_is_fine() -> None:
    assert list(problems(shipped(), every=40)) == []


def damaged(snapshot: Path, folder: Path, name: str, old: bytes, new: bytes) -> Path:
    """A copy in which a file says something else and the manifest agrees."""
    copy = copytree(snapshot, folder / "copy")
    data = (copy / name).read_bytes()
    assert old in data
    data = data.replace(old, new, 1)
    (copy / name).write_bytes(data)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][name] = layout.digest(data)
    manifest["hash"] = manifest_hash(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("rules/windows-security.jsonl", b'"level"', b'"condition"', "condition"),
        ("classes/windows-security.tsv", b"#windows:security\t4", b"#windows:security\t5", "not those that it counts"),
        ("classes/windows-security.tsv", b"##fields", b"##fiedls", "the sections are"),
        ("events.tsv", b"Defender", b"Zefender", "not sorted"),
        ("index.tsv", b"windows-security", b"Windows security", "does not match"),
        ("reach/small/e.tsv", b"EventID\teq", b"EventID\tequals", "equals"),
        ("spellings.tsv", b"\tsigma\t", b"\tsigma\tx\t", "cells where"),
        ("families.tsv", b"\ts", b"\tszzzzzzz s", "not in the index"),
        ("peers/rules.tsv", b"\t0 1\n", b"\t0 2\n", "its leaves are not those that name it"),
    ],
)
def test_damage_is_found(name: str, old: bytes, new: bytes, words: str, snapshot: Path, tmp_path: Path) -> None:
    found = "\n".join(problems(damaged(snapshot, tmp_path, name, old, new)))
    assert words in found


def test_files_that_nobody_names_are_found(snapshot: Path, tmp_path: Path) -> None:
    copy = copytree(snapshot, tmp_path / "copy")
    (copy / "rules" / "stray.jsonl").write_text("{}\n", encoding="utf-8")
    assert list(problems(copy)) == ["rules/stray.jsonl: not in the manifest"]
    assert next(problems(tmp_path)).startswith("no catalog snapshot")
