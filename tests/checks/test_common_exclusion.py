"""common-exclusion against a catalog in which every rule is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks.corpus import SECURITY, catalog
from tests.conftest import Run
from tests.filtered import filtered

SHARE = ("EventID: 5140", "ShareName|endswith: '\\C$'")
COMPUTERS = ("SubjectUserName|endswith: '$'",)
SCANNER = ("IpAddress: '10.9.8.7'",)
WORD = "ParentImage|endswith: '\\winword.exe'"
CHROME = ("Image|startswith: 'C:\\Program Files\\Google\\Chrome\\'",)
NAMED = ("Image|endswith: '\\chrome.exe'",)


def share(number: int, *filters: tuple[str, ...], event: int = 5145, technique: str = "t1021.002") -> str:
    lines = (f"EventID: {event}", "ShareName|endswith: '\\C$'", f"RelativeTargetName|contains: 'name{number}'")
    return filtered(number, *lines, filters=filters, source=SECURITY, technique=technique)


def word(number: int, *filters: tuple[str, ...]) -> str:
    return filtered(number, WORD, f"CommandLine|contains: 'word{number}'", filters=filters)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 rules on shares, 4 of which exclude computers; 20 on children of Word, 6 of which exclude Chrome and 2 an editor;
    copies of one of them; 11 on logons, 2 of which exclude computers.
    """
    rules = [share(number, *((COMPUTERS,) if number < 4 else ())) for number in range(12)]
    rules += [word(number, *((CHROME,) if number < 26 else ())) for number in range(20, 40)]
    rules += [filtered(number, WORD, "CommandLine|contains: 'word20'", filters=(CHROME,)) for number in (50, 51, 52)]
    rules += [
        filtered(number, "EventID: 4624", f"TargetUserName: 'user{number}'", filters=(COMPUTERS,) if number < 62 else (),
                 source=SECURITY, technique="t1078.002")
        for number in range(60, 71)
    ]  # fmt: skip
    return catalog(tmp_path_factory.mktemp("catalog"), rules)


def found(siftlint: Run, here: Path, snapshot: Path, text: str, *more: str) -> list[dict]:
    (here / "rule.yml").write_text(text, encoding="utf-8")
    done = siftlint("lint", "rule.yml", "--snapshot", snapshot, "--select", "common-exclusion", "--format", "json", *more)
    assert done.status == 0, done.err
    return json.loads(done.out)["findings"]


def test_says_what_the_evidence_supports(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, filtered(900, *SHARE, source=SECURITY, technique="t1021.002"))
    assert one["severity"] == "advice"
    assert one["persona"] == "regular"
    assert one["start"]["line"] == 10
    assert "4 of 12 rules on Windows Security tagged T1021.002 exclude computer accounts" in one["message"]
    assert "(SubjectUserName ends with `$`)" in one["message"]
    assert one["message"].endswith("this one does not.")
    evidence = one["evidence"]
    assert (evidence["rules_here"], evidence["rules_considered"], evidence["families"]) == (4, 12, 4)
    assert {rule["title"] for rule in evidence["rules"]} == {f"Authored rule {number}" for number in range(4)}


def test_enough_rules_on_the_event_itself(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, share(901))
    assert "4 of 12 rules on Windows Security 5145" in one["message"]


def test_copies_count_once(here: Path, siftlint: Run, snapshot: Path) -> None:
    (one,) = found(siftlint, here, snapshot, word(902))
    assert "6 of 20 rules on Windows process creation" in one["message"]
    assert "exclude browsers (Image starts with `C:\\Program Files\\Google\\Chrome\\`)" in one["message"]


def test_a_rule_does_not_testify_for_itself(here: Path, siftlint: Run, snapshot: Path) -> None:
    """Rule 20 and its copies are out: 5 of the other 19."""
    (one,) = found(siftlint, here, snapshot, word(20))
    assert "5 of 19 rules on Windows process creation" in one["message"]


@pytest.mark.parametrize(
    "text",
    [
        filtered(903, *SHARE, filters=(COMPUTERS,), source=SECURITY, technique="t1021.002"),  # has it
        filtered(904, *SHARE, source=SECURITY, technique="t1135"),  # no circle
        filtered(905, "EventID: 4624", "TargetUserName: 'x'", source=SECURITY, technique="t1078.002"),  # two rules
        filtered(906, "EventID: 5145", "SubjectUserName: 'backup'", source=SECURITY, technique="t1021.002"),  # can't be
        filtered(907, "EventID: 5145", "SubjectUserName|endswith: '$'", source=SECURITY, technique="t1021.002"),  # is it
        word(908, NAMED),  # excludes that kind of thing
        filtered(909, WORD, "Image|endswith: '\\chrome.exe'"),  # would hide it
        filtered(910, *SHARE, source=SECURITY, technique="t1021.002").replace("level: high", "level: low"),  # quiet kinds
    ],
)
def test_silent(here: Path, siftlint: Run, snapshot: Path, text: str) -> None:
    assert found(siftlint, here, snapshot, text) == []


def test_the_fingerprint_outlives_the_counts(here: Path, siftlint: Run, snapshot: Path, tmp_path: Path) -> None:
    text = filtered(911, *SHARE, source=SECURITY, technique="t1021.002")
    shares = [share(number, *((COMPUTERS,) if number < 5 else ())) for number in range(15)]
    other = catalog(tmp_path, shares + [word(number) for number in range(20, 40)])
    (one,) = found(siftlint, here, snapshot, text)
    (two,) = found(siftlint, here, other, text)
    assert one["message"] != two["message"]
    assert one["fingerprint"] == two["fingerprint"]


def test_what_an_attacker_can_walk_into_is_for_pedants(here: Path, siftlint: Run, tmp_path: Path) -> None:
    snapshot = catalog(tmp_path, [word(number, *((NAMED,) if number < 26 else ())) for number in range(20, 40)])
    assert found(siftlint, here, snapshot, word(912)) == []
    (one,) = found(siftlint, here, snapshot, word(912), "--persona", "pedantic")
    assert one["persona"] == "pedantic"
    assert "Mind that any file can carry that name." in one["message"]
