"""A small catalog of rules written here, for tests that need to know every rule in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from linter.catalog.build import run_build

RULE = """\
title: {title}
id: 5c0de000-0000-4000-8000-{number:012d}
status: test
author: siftlint
date: 2026-08-01
tags: [attack.t1059.003]
logsource: {source}
detection:
  selection:
{selection}
  condition: selection
level: high
"""
PROCESS = "{category: process_creation, product: windows}"
SECURITY = "{product: windows, service: security}"


def rule(number: int, *lines: str, title: str = "", source: str = PROCESS) -> str:
    """A Sigma rule with these lines as its selection."""
    selection = "\n".join(f"    {line}" for line in lines)
    return RULE.format(title=title or f"Authored rule {number}", number=number, source=source, selection=selection)


def catalog(folder: Path, rules: Iterable[str], name: str = "snapshot") -> Path:
    """Builds a snapshot of these rules; its folder."""
    corpus = folder / f"{name}-corpus" / "rules"
    corpus.mkdir(parents=True)
    for number, text in enumerate(rules):
        (corpus / f"r{number}.yml").write_text(text, encoding="utf-8")
    run_build([f"sigma={corpus.parent}"], str(folder / name), processes=1)
    return folder / name
