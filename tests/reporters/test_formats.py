"""The formats of CI services: golden outputs, published schemas, and what each service is known to want."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from linter.engine import Report
from linter.finding import SEVERITIES, Finding
from linter.reporters.registry import reporter
from linter.source import Source
from tests.conftest import ROOT, Run
from tests.reporters import golden
from tests.reporters.sample import COMMON, EMPTY, HOSTILE, REPORT, REVOKED, VIEW
from tests.rules import NOISY, sigma

SCHEMAS = ROOT / "tests" / "data" / "schemas"
NAMES = {
    "sarif": "lint.sarif", "github": "github.txt", "gitlab": "gitlab.json", "junit": "junit.xml", "rdjson": "rdjson.json",
    "markdown": "report.md",
}  # fmt: skip


def render(name: str, report: Report = REPORT, view: Any = VIEW) -> str:
    return reporter(name).render(report, view)


def valid(name: str, data: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(data)


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    out = render(name)
    assert out.endswith("\n")
    out.encode("utf-8")
    if name == "sarif":  # what changes with a version, or with a check's page, is not what this is about
        log = json.loads(out)
        driver = log["runs"][0]["tool"]["driver"]
        driver |= {"version": "0", "semanticVersion": "0", "rules": [rule["id"] for rule in driver["rules"]]}
        out = json.dumps(log, ensure_ascii=False, indent=1) + "\n"
    golden.check(NAMES[name], out)


# SARIF


def test_sarif_is_valid() -> None:
    for report in (REPORT, EMPTY, REPORT._replace(failures=("a.yml: it broke",))):
        log = json.loads(render("sarif", report))
        valid("sarif-2.1.0", log)
        run = log["runs"][0]
        assert run["invocations"][0]["executionSuccessful"] is (not report.failures)
        for result in run["results"]:
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            assert "suppressions" in result  # all or none have it
    results = json.loads(render("sarif"))["runs"][0]["results"]
    kinds = [
        (one["suppressions"][0]["kind"], one["suppressions"][0]["justification"]) for one in results if one["suppressions"]
    ]
    assert kinds == [("inSource", "known"), ("external", "in the baseline")]
    replacement = results[1]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement["insertedContent"] == {"text": "t1505.003"}
    assert replacement["deletedRegion"] == {"startLine": 4, "startColumn": 12, "endLine": 4, "endColumn": 17}


def test_sarif_fingerprints_survive_a_line_shift(here, siftlint: Run) -> None:
    def prints(text: str) -> list[tuple[str, str]]:
        (here / "a.yml").write_text(text, encoding="utf-8")
        results = json.loads(siftlint("lint", "--format", "sarif", "--persona", "auditor").out)["runs"][0]["results"]
        return sorted((one["ruleId"], one["partialFingerprints"]["primaryLocationLineHash"]) for one in results)

    before = prints(sigma(technique="t9999"))
    assert before
    assert prints("# a comment\n\n" + sigma(technique="t9999")) == before
    assert prints(sigma(technique="t9998")) != before


def test_sarif_paths() -> None:
    def uri(path: str) -> dict[str, str]:
        log = json.loads(render("sarif", REPORT._replace(findings=(COMMON._replace(path=path),), silenced=())))
        return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]

    assert uri("a b/ö#1?.yml") == {"uri": "a%20b/%C3%B6%231%3F.yml", "uriBaseId": "%SRCROOT%"}
    assert uri("/abs/x.yml") == {"uri": "file:///abs/x.yml"}
    assert uri("C:/x y.yml") == {"uri": "file:///C:/x%20y.yml"}
    assert uri("https:x.yml")["uri"] == "https%3Ax.yml"  # no scheme of anybody's choosing


# GitHub


def test_github_keeps_ten_of_a_level() -> None:
    many = tuple(
        COMMON._replace(check=f"check-{severity}-{number}", severity=severity)
        for severity in SEVERITIES
        for number in range(12)
    )
    lines = render("github", REPORT._replace(findings=many)).splitlines()
    for command in ("::error ", "::warning ", "::notice "):
        assert sum(line.startswith(command) for line in lines) == 10
    assert "6 findings more than GitHub shows as annotations:" in lines
    assert sum("[check-" in line and not line.startswith("::") for line in lines) == 6


def test_github_columns_and_escapes() -> None:
    finding = COMMON._replace(path="a,b:c%0A.yml", message="100% of\nit, too: yes", rule_title="t" * 400)
    line = render("github", REPORT._replace(findings=(finding,))).splitlines()[0]
    properties, _, message = line.removeprefix("::notice ").partition("::")
    assert properties.startswith("file=a%2Cb%3Ac%250A.yml,line=8,col=5,endColumn=17,title=common-exclusion%3A tttt")
    assert len(properties.partition("title=")[2]) < 260
    assert message.startswith("100%25 of\\nit, too: yes%0A  sigma: ")
    over = COMMON._replace(finish=COMMON.finish._replace(line=COMMON.begin.line + 1))
    line = render("github", REPORT._replace(findings=(over,))).splitlines()[0]
    assert ",endLine=9,title=" in line  # GitHub refuses columns on several lines
    assert "col" not in line.partition("title=")[0]


# the others


def test_gitlab() -> None:
    issues = json.loads(render("gitlab", REPORT._replace(findings=(COMMON, COMMON._replace(start=0), REVOKED))))
    for issue in issues:
        valid("codeclimate", issue)
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("./", "/"))
    assert len({issue["fingerprint"] for issue in issues}) == 3


def test_rdjson() -> None:
    result = json.loads(render("rdjson"))
    valid("rdjson", result)
    assert {item["severity"] for item in result["diagnostics"]} == {"ERROR", "WARNING", "INFO"}
    assert result["diagnostics"][1]["suggestions"] == [
        {"range": {"start": {"line": 4, "column": 12}, "end": {"line": 4, "column": 17}}, "text": "t1505.003"}
    ]


def test_rdjson_counts_bytes() -> None:
    source = Source("x.yml", "é𐐀: t1100\n")
    begin, finish = source.position(4), source.position(9)
    finding = REVOKED._replace(path="x.yml", begin=begin, finish=finish, fixes=())
    view = VIEW._replace(read=lambda path: source)
    [item] = json.loads(render("rdjson", REPORT._replace(findings=(finding,)), view))["diagnostics"]
    assert item["location"]["range"] == {"start": {"line": 1, "column": 9}, "end": {"line": 1, "column": 14}}


def test_junit() -> None:
    root = ElementTree.fromstring(render("junit"))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "2", "2")
    suite = root[0]
    assert suite.get("name") == "rules/share access.yml"
    cases = {case.get("name"): case for case in suite}
    share = cases["Share access"]
    assert share.find("failure").get("type") == "unknown-technique"  # type: ignore[union-attr]
    assert "common-exclusion" in share.findtext("system-out", "")
    empty = ElementTree.fromstring(render("junit", EMPTY))
    assert (empty.get("tests"), empty.get("failures"), len(empty[0][0])) == ("1", "0", 0)


# through the front door


@pytest.mark.parametrize("name", NAMES)
def test_every_format_by_the_command(here, siftlint: Run, name: str) -> None:
    (here / "a.yml").write_text(sigma(technique="t9999"), encoding="utf-8")
    (here / "b.yml").write_text(NOISY, encoding="utf-8")
    (here / "broken.yml").write_text(sigma(3).replace("condition: selection", "condition: selection and"), encoding="utf-8")
    done = siftlint("lint", "--format", name, "--persona", "auditor")
    assert done.status == 1
    assert "unreadable-rule" in done.out
    assert siftlint("lint", "--format", name, "--persona", "auditor", "--output", "out").out == ""
    assert (here / "out").read_bytes().decode() == done.out
    (here / "out").unlink()


def test_findings_without_a_text(here) -> None:
    """The file is gone, or its lines are: still an output."""
    view = VIEW._replace(read=lambda path: None)
    for name in NAMES:
        assert "unknown-technique" in render(name, REPORT, view)
    short = VIEW._replace(read=lambda path: Source(path, ""))
    for name in NAMES:
        assert "unknown-technique" in render(name, REPORT, short)


@pytest.mark.parametrize("name", NAMES)
def test_no_format_needs_what_a_review_or_a_page_needs(here, name: str) -> None:
    import os
    import subprocess
    import sys

    (here / "a.yml").write_text(sigma(technique="t9999"), encoding="utf-8")
    code = (
        "import sys; from linter.cli import main; status = main(sys.argv[1:]);"
        "heavy = {'github', 'requests', 'jinja2', 'ssl', 'linter.review', 'linter.site'} & set(sys.modules);"
        "sys.exit(status if not heavy else str(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "lint", "--format", name, "a.yml"], cwd=here, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""


def lone(finding: Finding) -> Report:
    return REPORT._replace(findings=(finding,), silenced=())


def test_hostile_sample_is_inert_everywhere() -> None:
    for name in NAMES:
        out = render(name, lone(HOSTILE))
        assert "\x1b" not in out
        assert "\u202e" not in out
