"""A baseline outlives the catalog: written under one snapshot, it silences the same facts under another, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Run

RULE = """\
title: Relative number {number}
id: 5d3f6f0e-1b5c-4c1e-9a55-{number:012d}
tags: [attack.t1059.003]
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
    {what}
    CommandLine|contains: 'word{number}'
    OriginalFileName: 'Name{number}.EXE'
  condition: selection
level: high
"""
LOOSE = """\
title: Shell, or child of a word processor
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0901
tags: [attack.t1059.003]
logsource: {category: process_creation, product: windows}
detection:
  selection_shell:
    Image|endswith: '\\cmd.exe'
  selection_child:
    ParentImage|endswith: '\\winword.exe'
  condition: 1 of selection_*
level: high
"""


def corpus(folder: Path, shells: int, children: int) -> None:
    rules = folder / "rules"
    rules.mkdir(parents=True)
    whats = ["Image|endswith: '\\cmd.exe'"] * shells + ["ParentImage|endswith: '\\winword.exe'"] * children
    for number, what in enumerate(whats):
        (rules / f"{number}.yml").write_text(RULE.format(number=number, what=what), encoding="utf-8")


def test_baseline_under_one_snapshot_lint_under_another(here: Path, siftlint: Run) -> None:
    for name, shells, children in (("old", 15, 0), ("new", 21, 14)):
        corpus(here / name, shells, children)
        assert siftlint("catalog", "build", "--corpus", f"sigma={name}", "--output", f"{name}-snapshot").status == 0
    (here / "loose.yml").write_text(LOOSE, encoding="utf-8")

    def findings(*args: str) -> tuple[list[dict[str, object]], dict[str, int]]:
        report = json.loads(siftlint("lint", "loose.yml", "--select", "noisy-branch", "--format", "json", *args).out)
        return report["findings"], report["summary"]

    (old,), _ = findings("--snapshot", "old-snapshot")
    assert siftlint("lint", "loose.yml", "--snapshot", "old-snapshot", "--write-baseline", "known.json").status == 0
    new, _ = findings("--snapshot", "new-snapshot")
    assert len(new) == 2
    assert [one["message"] for one in new if one["fingerprint"] == old["fingerprint"]] != [old["message"]]  # other counts
    (fresh,), summary = findings("--snapshot", "new-snapshot", "--baseline", "known.json")
    assert "winword.exe" in str(fresh["message"])
    assert summary["baselined"] == 1
