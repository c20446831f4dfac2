"""What linting one rule may import and read: start-up is what a pre-commit hook is judged by."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from linter.checks import registry
from tests.conftest import ROOT
from tests.rules import EVERY

HEAVY = (
    "rich", "jinja2", "github", "ruamel", "jsonschema", "sigma", "click", "pydantic", "requests", "urllib.request", "http",
    "socket", "ssl", "asyncio", "multiprocessing", "concurrent", "subprocess", "tempfile", "dataclasses", "inspect",
    "pathlib", "ipaddress", "shutil", "lzma", "random", "importlib.metadata",
    "linter.review", "linter.site", "linter.fixer", "linter.dialects.edit", "linter.catalog.build", "linter.catalog.aggregate",
)  # fmt: skip
CACHE = {"linter.cache", "linter.dialects.splunk_folder"}
CHEAP = ("linter.checks.registry", "linter.checks.base", "linter.checks.duplicate_id")
DIALECTS = ("sigma", "elastic", "splunk", "kusto", "yaral")


def imported(folder: Path, name: str, *options: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "linter", "lint", name, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIFTLINT_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_checks_over_a_run() -> None:
    assert {module.CHECK.id for module in registry.checks() if module.CHECK.scope == "run"} == set(registry.RUN)


@pytest.mark.parametrize("name", EVERY)
def test_only_what_the_rule_needs(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(EVERY[name], encoding="utf-8")
    modules = imported(tmp_path, name, "--no-cache")
    own = name.partition(".")[0].replace("rule", "yaral")
    others = tuple(f"linter.dialects.{dialect}" for dialect in DIALECTS if dialect != own)
    fat = {module for module in modules if (module + ".").startswith(tuple(f"{heavy}." for heavy in (*HEAVY, *others)))}
    assert fat <= ({"pathlib", "ipaddress"} if own == "splunk" else set())  # macros are files
    assert len(modules) < 190, "what is it that one rule needs so many modules for?"
    assert {one for one in imported(tmp_path, name) - modules if one.startswith("linter.")} <= CACHE
    again = imported(tmp_path, name)  # what is kept needs neither dialect nor catalog
    known = {"linter.dialects.registry", "linter.dialects.marks", "linter.dialects.splunk_folder"}
    assert {one for one in again if one.startswith(("linter.dialects.", "linter.catalog.", "linter.taxonomy."))} <= known
    assert not {one for one in again if one.startswith(("yaml", "linter.checks.")) and one not in CHEAP}


def test_no_catalog_for_checks_that_need_none(tmp_path: Path) -> None:
    (tmp_path / "sigma.yml").write_text(EVERY["sigma.yml"], encoding="utf-8")
    modules = imported(tmp_path, "sigma.yml", "--select", "unknown-technique")
    assert "linter.catalog.load" not in modules
    assert "linter.checks.noisy_branch" not in modules
