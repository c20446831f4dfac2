"""The wheel, in an environment of its own, used from another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from linter.catalog.snapshot import shipped
from tests.conftest import ROOT
from tests.rules import EVERY, NOISY, sigma


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("linter", "catalog_snapshot"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (tree / name).mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree / name)
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(tree)]
    subprocess.run(build, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def test_what_it_holds(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("linter/cli.py", "linter/schemas/lint.schema.json", "linter/taxonomy/data/attack.tsv", "linter/py.typed"):
        assert wanted in names
    for wanted in ("linter/site/templates/technique.html", "linter/site/static/site.css", "linter/site/static/search.js"):
        assert wanted in names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    if shipped().is_dir():
        assert "catalog_snapshot/manifest.json" in names
    strangers = {name.split("/")[0] for name in names} - {"linter", "catalog_snapshot"}
    assert all(name.endswith(".dist-info") for name in strangers)
    assert not any("test" in name.split("/")[0] or name.endswith((".pyc", ".orig")) for name in names)


def test_it_works_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
    folder = place / ("Scripts" if os.name == "nt" else "bin")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    pip = [str(folder / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, env=clean)
    rules = tmp_path / "elsewhere"
    rules.mkdir()
    for name, text in {**EVERY, "noisy.yml": NOISY, "typo.yml": sigma(9, technique="t9999")}.items():
        (rules / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [str(folder / "siftlint"), "lint"], cwd=rules, env=clean, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1, done.stderr
    assert "T9999 is not a technique" in done.stdout
    assert "7 rules in 7 files" in done.stdout
    if shipped().is_dir():
        assert "advice[noisy-branch]" in done.stdout
