"""The JSON outputs and their published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from linter.catalog.snapshot import shipped
from linter.reporters import json as reporter
from linter.rule import OPS
from tests.conftest import ROOT, Run
from tests.reporters import golden
from tests.reporters.sample import EMPTY, REPORT, VIEW
from tests.rules import EVERY, sigma

SCHEMAS = ROOT / "linter" / "schemas"


def schema(name: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


def valid(name: str, text: str) -> Any:
    data = json.loads(text)
    jsonschema.Draft202012Validator(schema(name)).validate(data)
    return data


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_schemas(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_golden() -> None:
    out = reporter.render(REPORT, VIEW)
    valid("lint", out)
    golden.check("lint.json", out)
    valid("lint", reporter.render(EMPTY, VIEW))


def test_lint_and_parse_of_every_dialect(here: Path, siftlint: Run) -> None:
    for name, text in EVERY.items():
        (here / name).write_text(text, encoding="utf-8")
    (here / "broken.yml").write_text(sigma(9).replace("condition: selection", "condition: selction and"), encoding="utf-8")
    linted = valid("lint", siftlint("lint", "--format", "json", "--persona", "auditor").out)
    assert sorted(rule["dialect"] for rule in linted["rules"]) == ["elastic", "kusto", "sigma", "splunk", "yaral"]
    done = siftlint("parse", ".", "--format", "json")
    assert done.status == 1
    parsed = valid("parse", done.out)
    assert [problem["path"] for problem in parsed["problems"]] == ["broken.yml"]
    for rule in parsed["rules"]:
        assert rule["techniques"] == ["T1105"]
        assert any("certutil" in predicate["value"].lower() for predicate in rule["predicates"]), rule
    (here / "broken.yml").unlink()
    assert siftlint("parse", ".").status == 0


def test_parse_knows_the_operators_of_the_model() -> None:
    predicate = schema("parse")["properties"]["rules"]["items"]["properties"]["predicates"]["items"]
    assert predicate["properties"]["op"]["enum"] == list(OPS)


@pytest.mark.skipif(not shipped().is_dir(), reason="needs the shipped snapshot, which is not built here")
def test_catalog_show(siftlint: Run) -> None:
    page = valid("catalog-show", siftlint("catalog", "show", "T1021.002", "--format", "json").out)
    assert "$" in [row["value"] for row in page["exclusions"][:5]]
    valid("catalog-show", siftlint("catalog", "show", "T1021.002", "--format", "json", "--section", "events").out)
