"""What the README says, run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from linter import config
from linter.cli import parser
from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_its_configuration_is_one(here: Path) -> None:
    (settings,) = (tomllib.loads(block) for block in blocks("toml") if "quiet-for" in block)
    for name in settings["fields"]:
        (here / name).write_text("vendor\tscope\tfield\tcanonical\tpart\tmapping\tsource\n", encoding="utf-8")
    found = config.parse(settings, "siftlint.toml")
    assert found.ignores[0].expires is not None
    defaults = {key: getattr(config.Config(), key.replace("-", "_")) for key in ("persona", "fail-on", "dialect", "jobs")}
    assert {key: settings[key] for key in defaults} == defaults
    assert found.quiet_for == config.Config().quiet_for


def test_its_hook_is_ours() -> None:
    (snippet,) = (yaml.safe_load(block) for block in blocks("yaml") if "rev:" in block)
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {hook["id"] for hook in snippet["repos"][0]["hooks"]} <= hooks


def test_its_commands_are_understood() -> None:
    for block in blocks("sh"):
        for line in block.splitlines():
            if line.startswith("siftlint "):
                parser().parse_args(re.split("[#|]", line)[0].split()[1:])


@pytest.mark.skipif(os.name == "nt", reason="the README's line is for a POSIX shell")
def test_its_first_line_lints_the_examples(tmp_path: Path) -> None:
    for name in ("linter", "catalog_snapshot", "examples"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "catalog_snapshot").mkdir(exist_ok=True)
    line = next(block.strip() for block in blocks("sh") if "lint" in block and "venv" in block)
    assert "\n" not in line
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=tmp_path,
        env=clean | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "error[unknown-technique]" in done.stdout
    assert "8 rules in 8 files" in done.stdout
