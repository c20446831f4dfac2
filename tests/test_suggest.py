"""`siftlint suggest` as it is called."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.checks.corpus import catalog
from tests.conftest import Run
from tests.filtered import filtered

WORD = "ParentImage|endswith: '\\winword.exe'"
CHROME = ("Image|startswith: 'C:\\Program Files\\Google\\Chrome\\'",)
NAMED = ("Image|endswith: '\\agent.exe'",)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rules that exclude Chrome and one that excludes an agent."""
    rules = [
        filtered(n, WORD, f"CommandLine|contains: 'w{n}'", filters=(CHROME, *((NAMED,) if n == 3 else ()))) for n in range(6)
    ]
    return catalog(tmp_path_factory.mktemp("catalog"), rules)


def test_json(here: Path, siftlint: Run, snapshot: Path) -> None:
    (here / "rule.yml").write_text(filtered(900, WORD), encoding="utf-8")
    done = siftlint("suggest", "rule.yml", "--snapshot", snapshot, "--format", "json")
    assert done.status == 0, done.err
    document = json.loads(done.out)
    jsonschema.validate(document, json.loads((files("linter.schemas") / "suggest.schema.json").read_text(encoding="utf-8")))
    (rule,) = document["rules"]
    assert rule["path"] == "rule.yml"
    first = rule["suggestions"][0]
    assert (first["field"], first["op"], first["value"]) == ("Image", "startswith", "C:\\Program Files\\Google\\Chrome\\")
    assert first["class"] == "browser"
    assert first["rules_here"] == 6
    assert {one["vendor"] for one in first["rules"]} == {"sigma"}
    one = siftlint("suggest", "rule.yml", "--snapshot", snapshot, "--format", "json", "--limit", "1")
    assert len(json.loads(one.out)["rules"][0]["suggestions"]) == 1


def test_text(here: Path, siftlint: Run, snapshot: Path) -> None:
    (here / "rule.yml").write_text(filtered(900, WORD, title="Child of Word"), encoding="utf-8")
    done = siftlint("suggest", "rule.yml", "--snapshot", snapshot)
    assert done.status == 0, done.err
    assert "1. Image starts with `C:\\Program Files\\Google\\Chrome\\`" in done.out
    assert "excluded by 6 rules · browser" in done.out
    assert "but any file can carry that name" in done.out
    assert "as likely to need tuning as the average rule" in done.out


def test_what_can_not_be_read_is_said(here: Path, siftlint: Run, snapshot: Path) -> None:
    (here / "good.yml").write_text(filtered(900, WORD), encoding="utf-8")
    (here / "bad.yml").write_text("title: x\nlogsource: {product: windows}\ndetection: [", encoding="utf-8")
    done = siftlint("suggest", ".", "--snapshot", snapshot, "--format", "json")
    document = json.loads(done.out)
    assert done.status == 1
    assert len(document["rules"]) == 1
    assert [Path(one["path"]).name for one in document["problems"]] == ["bad.yml"]
    assert siftlint("suggest", "gone.yml", "--snapshot", snapshot).status == 1


def test_nothing_to_suggest(here: Path, siftlint: Run, snapshot: Path) -> None:
    aws = filtered(901, "eventName: DeleteTrail", source="{product: aws, service: cloudtrail}")
    (here / "rule.yml").write_text(aws, encoding="utf-8")
    done = siftlint("suggest", "rule.yml", "--snapshot", snapshot)
    assert (done.status, done.err) == (0, "")
