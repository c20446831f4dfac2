"""A technique's page as data, in the terminal and as Markdown; info and diff."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from linter.catalog.build import run_build
from linter.catalog.diff import compare
from linter.catalog.load import Catalog
from linter.catalog.show import SECTIONS, Page, info
from linter.catalog.snapshot import shipped
from linter.reporters import catalog_pages
from tests.catalog.conftest import SIGMA, process, share, uuid, write

SCHEMA = Path(__file__).parents[2] / "linter" / "schemas" / "catalog-show.schema.json"


def test_the_published_shape(catalog: Catalog) -> None:
    from jsonschema import validate

    data = Page(catalog, "T1021.002").data()
    validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (data["technique"], data["name"], data["tactics"]) == ("T1021.002", "SMB/Windows Admin Shares", ["lateral-movement"])
    assert data["rules_by_vendor"] == data["rules_by_vendor_direct"] == {"sigma": 4}
    assert data["events"] == [
        {
            "provider": "Security-Auditing", "id": "5145", "rules": 4, "implied": False,
            "title": "A network share object was checked to see whether client can be granted desired access.",
        }
    ]  # fmt: skip
    first = data["exclusions"][0]
    assert (first["field"], first["op"], first["value"], first["rules"], first["alone"]) == (
        "SubjectUserName",
        "endswith",
        "$",
        4,
        4,
    )
    assert data["indicators"][0] == {
        "field": "EventID", "op": "eq", "value": "5145", "rules": 4, "reach": 4, "reach_by_vendor": {"sigma": 4},
    }  # fmt: skip
    assert {"field": "SubjectUserName", "op": "endswith", "value": "$", "negated": True} in data["rules"][0]["predicates"]


def test_a_parent_counts_a_rule_once_and_says_by_which(catalog: Catalog) -> None:
    data = Page(catalog, "t1021").data()
    assert data["technique"] == "T1021"
    assert data["rules_by_vendor"] == {"sigma": 4}
    assert data["rules_by_vendor_direct"] == {}
    assert {tuple(rule["via"]) for rule in data["rules"]} == {("T1021.002",)}


def test_a_section_and_a_value(catalog: Catalog) -> None:
    page = Page(catalog, "T1021.002")
    assert set(page.data("fields")) & set(SECTIONS) == {"fields"}
    data = page.data(value="$")
    assert [row["rules"] for row in data["exclusions"]] == [4]
    assert [rule["id"] for rule in data["rules"]] == [uuid(n) for n in (1, 2, 3, 4)]
    assert page.data(value="nothing like it")["rules"] == []


def test_an_event_class_and_what_nobody_knows(catalog: Catalog) -> None:
    assert Page(catalog, "process_creation/windows").data()["rules_by_vendor"] == {"sigma": 3}
    assert Page(catalog, "T1021.003").known  # ATT&CK knows it, no rule does
    assert not Page(catalog, "T9999").known
    assert not Page(catalog, "no/such").known


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int, catalog: Catalog) -> None:
    for name in ("T1021.002", "process_creation/windows"):
        for section in (None, *SECTIONS):
            lines = catalog_pages.text(Page(catalog, name), width, section=section).splitlines()
            assert max(map(len, lines)) <= width


@pytest.mark.skipif(not (shipped() / "manifest.json").is_file(), reason="this checkout has no snapshot")
def test_pages_of_the_shipped_catalog() -> None:
    catalog = Catalog.open()
    for name in ("T1021.002", "T1059.001", "T1078", "process_creation/windows", "aws:cloudtrail"):
        page = Page(catalog, name)
        assert max(map(len, catalog_pages.text(page, 80).splitlines())) <= 80
        assert catalog_pages.markdown(page).startswith("# ")
    first = Page(catalog, "T1021.002").data("exclusions")["exclusions"][0]
    assert (first["field"], first["op"], first["value"]) == ("SubjectUserName", "endswith", "$")
    assert first["kind"] == "benign"


def test_the_page_in_the_terminal(catalog: Catalog) -> None:
    text = catalog_pages.text(Page(catalog, "T1021.002"), 80)
    assert "Remote Services: SMB/Windows Admin Shares" in text
    assert "4 rules (Sigma 4)" in text
    assert "\x1b" not in text
    assert "\x1b[1m" in catalog_pages.text(Page(catalog, "T1021.002"), 80, colour=True)
    behind = catalog_pages.text(Page(catalog, "T1021.002"), 80, value="$")
    assert "4 rules exclude SubjectUserName ends with $" in behind
    assert "Share 3" in behind
    program = catalog_pages.text(Page(catalog, "T1105"), 80, value="fetch.exe")
    assert "usually with CommandLine contains -out (3)" in program
    assert "No rule here" in catalog_pages.text(Page(catalog, "T1021.002"), 80, value="zzz")


HOSTILE = "<img src=x onerror=alert(1)>\u202e|`a`\x1b[31m](javascript:x)\r# @all"


def test_texts_by_strangers_stay_text(built: Callable[[dict[str, str]], Catalog]) -> None:
    text = share(1).replace("title: Share 1", f"title: {json.dumps(HOSTILE)}").replace("'$'", json.dumps(HOSTILE + "x" * 9000))
    page = Page(built({"rules/a.yml": text}), "T1021.002")
    shown = catalog_pages.text(page, 80)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    for markdown in (catalog_pages.markdown(page), catalog_pages.markdown(page, value="5145")):
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)  # without code spans
        assert "<img" not in outside
        assert not re.search(r"(?<!\\)\]\(javascript", outside)
        assert "@all" not in outside
        assert "\u202e" not in markdown


def test_what_the_catalog_is_made_of(catalog: Catalog) -> None:
    data = info(catalog)
    (one,) = data["snapshots"]
    assert (one["rules"], one["families"], one["corpora"][0]["licence"]) == (7, 6, "CC0")
    text = catalog_pages.info_text(data)
    assert "somebody/rules" in text
    assert "7 live rules (6 when near-copies count once)" in text


def test_what_changed(corpus: Path, catalog: Catalog, tmp_path: Path) -> None:
    rules = dict(SIGMA)
    del rules["rules/windows/share1.yml"]
    rules["rules/windows/new.yml"] = process(50, title="Brand new")
    rules["rules/windows/share2.yml"] = share(2, condition="selection and not filter_machine and not filter_agent")
    write(tmp_path / "sigma", rules)
    run_build([f"sigma={tmp_path / 'sigma'}"], str(tmp_path / "new"), sources=str(corpus / "SOURCES.tsv"))
    new = Catalog.open(tmp_path / "new")
    data = compare(catalog, new)
    assert [rule["title"] for rule in data["added"]] == ["Brand new"]
    assert [rule["title"] for rule in data["removed"]] == ["Share 1"]
    (changed,) = data["changed"]
    assert changed["title"] == "Share 2"
    assert [leaf["value"] for leaf in changed["exclusions"]["added"]] == ["10.", "svc-backup"] or len(
        changed["exclusions"]["added"]
    ) == 2
    assert {"field": "SubjectUserName", "op": "endswith", "value": "$", "old": 4, "new": 3} in data["exclusions"]
    markdown = catalog_pages.diff_markdown(data)
    assert "## Rules that came: 1" in markdown
    assert "Share 2](https://github.com/somebody/rules/blob/" in markdown
    assert "+2 exclusions" in markdown
    assert max(map(len, catalog_pages.diff_text(data, 80).splitlines())) <= 80
    same = compare(catalog, catalog)
    assert not any(same[name] for name in ("added", "removed", "changed", "exclusions"))
