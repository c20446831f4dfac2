"""Every check's examples are its tests: what is valid is silent, what is invalid is found on its line with its message."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from linter import engine
from linter.catalog.snapshot import shipped
from linter.checks import registry
from linter.checks.base import Check, Example, Options
from linter.discover import Look
from linter.finding import Finding
from linter.source import Source

CHECKS = list(registry.checks())
SUFFIX = {"sigma": "yml", "elastic": "toml", "splunk": "yml", "kusto": "yaml", "yaral": "yaral"}
needs_snapshot = pytest.mark.skipif(not shipped().is_dir(), reason="needs the shipped snapshot, which is not built here")


def found(check: Check, example: Example) -> list[Finding]:
    options = Options(select=(check.CHECK.id,), persona=example.persona)
    path = f"example.{SUFFIX[example.dialect]}"
    look = Look(path, "rule", example.dialect, Source(path, example.text))
    result = engine.lint_look(look, options, lambda: engine.catalog(("",)))
    return list(engine.report([result], lambda _: options).findings)


def cases(kind: str) -> list[object]:
    return [
        pytest.param(check, example, id=f"{check.CHECK.id}-{number}", marks=[needs_snapshot] if check.CHECK.statistical else [])
        for check in CHECKS
        for number, example in enumerate(getattr(check, kind), 1)
    ]


@pytest.mark.parametrize(("check", "example"), cases("VALID"))
def test_valid(check: Check, example: Example) -> None:
    assert found(check, example) == []


@pytest.mark.parametrize(("check", "example"), cases("INVALID"))
def test_invalid(check: Check, example: Example) -> None:
    findings = found(check, example)
    assert any(example.message in one.message and one.begin.line == example.line for one in findings), [
        (one.begin.line, one.message) for one in findings
    ]


@pytest.mark.parametrize("check", CHECKS, ids=registry.IDS)
def test_declared_as_it_should_be(check: Check) -> None:
    info = check.CHECK
    assert check.__name__ == "linter.checks." + info.id.replace("-", "_")
    assert not info.summary.endswith(".")
    assert check.VALID
    assert check.INVALID
    assert info.severity == "advice" or not info.statistical
    page = check.__doc__ or ""
    for heading in ("## What it does", "## Why it matters", "## When to ignore", "## How it is counted"):
        assert heading in page, heading


def test_every_check_is_registered() -> None:
    folder = Path(str(importlib.import_module("linter.checks").__file__)).parent
    modules = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--", "base", "registry"}
    found = {name: importlib.import_module(f"linter.checks.{name.replace('-', '_')}") for name in modules}
    assert {name for name, module in found.items() if hasattr(module, "CHECK")} == set(registry.IDS)
