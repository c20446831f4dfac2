"""Which files are live rules, on the public corpora and by path; what a record keeps of a clause."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.catalog import corpora
from linter.catalog.build import run_build
from linter.catalog.load import Catalog
from linter.catalog.records import Record
from linter.catalog.records import record as make_record
from linter.dialects import sigma
from linter.source import Source
from tests.catalog.conftest import process, share
from tests.shared import SHARED, needs_shared


@pytest.mark.parametrize(
    ("dialect", "path", "live"),
    [
        ("sigma", "rules/windows/a.yml", True),
        ("sigma", "rules-emerging-threats/2024/a.yml", True),
        ("sigma", "deprecated/windows/a.yml", False),
        ("sigma", "unsupported/a.yml", False),
        ("elastic", "rules/windows/a.toml", True),
        ("elastic", "rules/_deprecated/a.toml", False),
        ("splunk", "detections/endpoint/a.yml", True),
        ("splunk", "detections/deprecated/a.yml", False),
        ("splunk", "macros/a.yml", False),
        ("yaral", "rules/community/a.yaral", True),
        ("yaral", "rules/_deprecated/a.yaral", False),
        ("yaral", "tools/x/rules/a.yaral", False),
        ("kusto", "Solutions/X/Analytic Rules/a.yaml", True),
        ("auto", "deprecated/a.yml", True),
    ],
)
def test_live_rules_by_path(dialect: str, path: str, live: bool) -> None:
    assert corpora.live(dialect, path) is live


@needs_shared
@pytest.mark.parametrize(("vendor", "files"), [("sigma", 3780), ("elastic", 2068), ("splunk", 1613), ("yaral", 348)])
def test_live_files_of_the_public_corpora(vendor: str, files: int) -> None:
    folder = SHARED / "corpora" / "2026-08" / vendor
    assert len(corpora.files(corpora.Corpus(vendor, str(folder), vendor))) == files


@needs_shared
def test_one_public_corpus_becomes_a_catalog(tmp_path: Path) -> None:
    built = run_build([f"yaral={SHARED / 'corpora' / '2026-08' / 'yaral'}"], str(tmp_path / "out"), processes=1)
    assert built.rules == {"yaral": 348}
    catalog = Catalog.open(tmp_path / "out")
    assert catalog.manifest["corpora"][0]["repository"] == "chronicle/detection-rules"
    assert catalog.technique("T1021.002").rules


def record(text: str) -> Record:
    return make_record(sigma.read(Source("a.yml", text)).rules[0], "rules/a.yml")


def test_a_product_of_lists_is_kept_as_factors() -> None:
    text = process(1).replace(
        "ParentImage|startswith: 'C:\\Program Files\\Tool\\'",
        "ParentImage|endswith: ['\\a.exe', '\\b.exe']\n        User|contains: ['x', 'y', 'z']",
    )
    found = record(text)
    assert len(found.leaves) == 6
    (clause,) = found.clauses
    assert sorted(len(factor) for factor in clause) == [2, 3]
    assert [leaf.alone for leaf in found.leaves] == [False, False, False, False, False, True]


def test_spellings_say_how_a_canonical_value_is_written() -> None:
    found = record(share(1))
    assert ("RelativeTargetName", "endswith", "RelativeTargetName", "endswith", "{}") in found.spellings
    assert ("SubjectUserName", "endswith", "SubjectUserName", "endswith", "{}") in found.spellings


def test_labels_and_names_are_kept_for_the_kinds() -> None:
    extra = "related:\n    - id: 00000000-0000-4000-8000-000000000009\n      type: derived\n"
    found = record(share(1, extra=extra))
    assert found.names == ("00000000-0000-4000-8000-000000000009",)
    assert {leaf.label for leaf in found.leaves} == {"filter_machine"}
