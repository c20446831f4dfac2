"""noisy-branch against a catalog in which every rule is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks.corpus import SECURITY, catalog, rule
from tests.conftest import Run

SHELL = "Image|endswith: '\\cmd.exe'"
RARE = "Image|endswith: '\\rareprogram.exe'"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 rules look for cmd.exe with a command line of their own, 12 of them under the same parent; 14 for logons."""
    rules = [rule(number, SHELL, f"CommandLine|contains: 'word{number}'") for number in range(12)]
    parent = "ParentImage|endswith: '\\winword.exe'"
    rules += [rule(number, SHELL, parent, f"CommandLine|contains: 'word{number}'") for number in range(12, 24)]
    rules += [
        rule(number, "EventID: 4624", f"LogonType: {number % 5 + 2}", f"TargetUserName: 'user{number}'", source=SECURITY)
        for number in range(30, 44)
    ]
    rules += [rule(50, "EventID: 4720", source=SECURITY), rule(51, RARE, "CommandLine|contains: '-x'")]
    return catalog(tmp_path_factory.mktemp("catalog"), rules)


def found(siftlint: Run, here: Path, snapshot: Path, text: str) -> list[dict]:
    (here / "rule.yml").write_text(text, encoding="utf-8")
    done = siftlint("lint", "rule.yml", "--snapshot", snapshot, "--select", "noisy-branch", "--format", "json")
    assert done.status == 0, done.err
    return json.loads(done.out)["findings"]


def test_counts_and_names(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, rule(900, SHELL))
    assert one["severity"] == "advice"
    assert one["start"] == {"line": 10, "column": 21}
    evidence = one["evidence"]
    assert (evidence["rules_here"], evidence["rules_considered"], evidence["corpus_reach"]) == (24, 24, 24)
    assert "24 rules of the catalog look for `cmd.exe`, and 24 of 24 combine it" in one["message"]
    assert "CommandLine (24) and ParentImage (12)" in one["message"]
    assert {named["title"] for named in evidence["rules"]} <= {f"Authored rule {number}" for number in range(24)}


def test_a_pair_is_judged_by_those_that_use_both(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, rule(900, SHELL, "ParentImage|endswith: '\\winword.exe'"))
    assert one["evidence"]["corpus_reach"] == 12
    assert found(siftlint, here, snapshot, rule(900, SHELL, "ParentImage|endswith: '\\excel.exe'")) == []


def test_event_ids_are_judged_by_channel_and_id(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, rule(900, "EventID: 4624", source=SECURITY))
    assert "event 4624" in one["message"]
    assert "LogonType (14)" in one["message"]
    assert found(siftlint, here, snapshot, rule(900, "EventID: 4720", source=SECURITY)) == []
    system = "{product: windows, service: system}"
    assert found(siftlint, here, snapshot, rule(900, "EventID: 4624", source=system)) == []


@pytest.mark.parametrize(
    "lines",
    [
        (RARE,),
        (SHELL, "CommandLine|contains: 'word3'"),
        (SHELL, "CommandLine|re: 'a.*b'"),
        (SHELL, "IntegrityLevel|expand: '%levels%'"),
        ("Image|re: '.*cmd\\.exe'", "CommandLine|re: 'x+'"),
    ],
)
def test_silent(here: Path, siftlint: Run, snapshot: Path, lines: tuple[str, ...]) -> None:
    assert found(siftlint, here, snapshot, rule(900, *lines)) == []


def test_a_negation_that_is_the_detection_is_specific(here: Path, siftlint: Run, snapshot: Path) -> None:
    filtered = rule(900, SHELL, title="Uncommon parent of a shell").replace(
        "  condition: selection", "  filter:\n    ParentImage|endswith: '\\explorer.exe'\n  condition: selection and not filter"
    )
    assert found(siftlint, here, snapshot, filtered) == []
    assert len(found(siftlint, here, snapshot, filtered.replace("Uncommon parent", "Start"))) == 1


def test_every_loose_branch_once(here: Path, siftlint: Run, snapshot: Path) -> None:
    text = rule(900, SHELL).replace(
        "  condition: selection",
        "  other:\n    Image|endswith: '\\cmd.exe'\n    ParentImage: 'C:\\a.exe'\n  condition: 1 of them",
    )
    (one,) = found(siftlint, here, snapshot, text)
    assert one["start"]["line"] == 10


def test_a_rule_never_testifies_for_itself(here: Path, siftlint: Run, tmp_path: Path) -> None:
    rules = [rule(number, SHELL, f"CommandLine|contains: 'word{number}'") for number in range(11)]
    small = catalog(tmp_path, rules, "small")
    own = rule(3, SHELL)  # shares its id with one of them: ten others remain
    (one,) = found(siftlint, here, small, own)
    assert one["evidence"]["rules_considered"] == 10
    assert "Authored rule 3" not in {named["title"] for named in one["evidence"]["rules"]}


def test_a_baseline_survives_a_new_snapshot(here: Path, siftlint: Run, snapshot: Path, tmp_path: Path) -> None:
    (here / "shell.yml").write_text(rule(900, SHELL), encoding="utf-8")
    (here / "rare.yml").write_text(rule(901, RARE), encoding="utf-8")
    lint = ("lint", ".", "--select", "noisy-branch", "--format", "json", "--snapshot")
    siftlint("lint", ".", "--select", "noisy-branch", "--snapshot", snapshot, "--write-baseline", "base.json")
    grown = [rule(number, SHELL, f"CommandLine|contains: 'other{number}'") for number in range(30)]
    grown += [rule(number, RARE, f"CommandLine|contains: 'other{number}'") for number in range(30, 50)]
    newer = catalog(tmp_path, grown, "newer")
    done = json.loads(siftlint(*lint, newer, "--baseline", "base.json").out)
    assert [one["path"] for one in done["findings"]] == ["rare.yml"]
    assert done["summary"]["baselined"] == 1
