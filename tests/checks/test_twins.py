"""duplicate-rule and upstream-drift against a catalog in which every rule is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks.corpus import catalog, rule
from tests.conftest import Run

TOOL = ("Image|endswith: '\\exampletool.exe'", "CommandLine|contains: '--steal-secrets'")


def filtered(text: str, *lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return text.replace("  condition: selection", f"  filter_main_x:\n{body}  condition: selection and not filter_main_x")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rules = [
        filtered(rule(1, *TOOL), "ParentImage: 'C:\\Example\\agent.exe'"),
        rule(2, "Image|endswith: '\\othertool.exe'", "CommandLine|contains: '--other-secrets'"),
    ]
    return catalog(tmp_path_factory.mktemp("catalog"), rules)


def found(siftlint: Run, here: Path, snapshot: Path, text: str, check: str, persona: str = "regular") -> list[str]:
    (here / "mine.yml").write_text(text, encoding="utf-8")
    done = siftlint("lint", "mine.yml", "--snapshot", snapshot, "--select", check, "--format", "json", "--persona", persona)
    assert done.status == 0, done.err
    return [one["message"] for one in json.loads(done.out)["findings"]]


def test_an_old_copy_lacks_the_filter(here: Path, siftlint: Run, snapshot: Path) -> None:
    (message,) = found(siftlint, here, snapshot, rule(1, *TOOL), "upstream-drift")
    assert "excludes ParentImage = `C:\\Example\\agent.exe`" in message


def test_a_copy_as_it_is_upstream(here: Path, siftlint: Run, snapshot: Path) -> None:
    same = filtered(rule(1, *reversed(TOOL)), "ParentImage: 'c:\\EXAMPLE\\agent.exe'")
    assert found(siftlint, here, snapshot, same, "upstream-drift", "pedantic") == []


def test_a_wider_filter_covers_it(here: Path, siftlint: Run, snapshot: Path) -> None:
    wider = filtered(rule(1, *TOOL), "ParentImage|startswith: 'C:\\Example\\'")
    assert found(siftlint, here, snapshot, wider, "upstream-drift") == []


def test_the_same_logic_is_for_pedants(here: Path, siftlint: Run, snapshot: Path) -> None:
    assert found(siftlint, here, snapshot, rule(900, *TOOL), "upstream-drift") == []
    assert len(found(siftlint, here, snapshot, rule(900, *TOOL), "upstream-drift", "pedantic")) == 1


def test_a_duplicate_under_another_id(here: Path, siftlint: Run, snapshot: Path) -> None:
    other = ("Image|endswith: '\\OTHERTOOL.exe'", "CommandLine|contains: '--other-secrets'")
    (message,) = found(siftlint, here, snapshot, rule(901, *other), "duplicate-rule")
    assert "Authored rule 2" in message
    assert found(siftlint, here, snapshot, rule(2, *other), "duplicate-rule") == []
    named = rule(901, *other).replace(
        "status: test", "related:\n  - id: 5c0de000-0000-4000-8000-000000000002\n    type: derived\nstatus: test"
    )
    assert found(siftlint, here, snapshot, named, "duplicate-rule") == []
    assert found(siftlint, here, snapshot, rule(902, *TOOL), "duplicate-rule") == []  # it excludes less
