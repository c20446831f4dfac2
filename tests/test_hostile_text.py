"""Every attempt of a stranger's text, through every reporter and through the command."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from linter.engine import Report
from linter.finding import SEVERITIES, Edit, Evidence, Fix, RuleRef
from linter.reporters import markup
from linter.reporters.clean import plain
from linter.reporters.registry import FORMATS, View, reporter
from linter.source import Source
from linter.suppress import Silenced
from tests.conftest import Run
from tests.hostile_text import ATTEMPTS, HIDDEN, every_attempt, no_command, only_words, page
from tests.reporters.sample import COMMON, REPORT, ROW
from tests.rules import sigma

MARKDOWN = "harmless words"


def report(text: str) -> tuple[Report, View]:
    """A report in which a text stands wherever a stranger's text can."""
    source = Source(text or "x", f"first\n{text}\nlast\n")
    fix = Fix("safe", f"write {text}", (Edit(0, 5, text),))
    words = Fix("display", text, ())
    rules = (RuleRef("sigma", text, text, f"https://example.org/{text}", text), RuleRef("elastic", "", text, text))
    findings = [
        COMMON._replace(
            path=text or "x", rule_title=text, rule_id=text, message=f"`{text}` {text} `x` {text}", severity=severity,
            subject=(text,), evidence=Evidence(1, 2, 1, 1, rules), fixes=(fix, words),
        )
        for severity in SEVERITIES
    ]  # fmt: skip
    row = ROW._replace(path=text or "x", id=text, title=text)
    full = REPORT._replace(
        findings=tuple(findings),
        rules=(row,),
        silenced=(Silenced(findings[0], "inline", text),),
        notes=(text,),
        failures=(text,),
    )
    return full, View(read=lambda path: source if path == source.path else None)


@every_attempt
@pytest.mark.parametrize("name", FORMATS)
def test_no_reporter_says_more_than_text(name: str, text: str) -> None:
    full, view = report(text)
    out = reporter(name).render(full, view)
    if name not in ("json", "sarif", "rdjson", "gitlab"):
        assert not HIDDEN.search(out)
    out.encode("utf-8")
    if name == "text":  # the command writes it through `inert`: see below
        return
    if name in ("json", "sarif", "rdjson", "gitlab"):
        json.loads(out)
    no_command(out, 3 if name == "github" else 0)
    if name == "markdown":
        like = f"{MARKDOWN}\nmore" if "\n" in text else MARKDOWN
        only_words(out, reporter(name).render(*report(like)) if 0 < len(text.strip()) < 1000 else "")
        assert len(out) < 65_536
    if name == "junit":
        tags = [element.tag for element in ElementTree.fromstring(out).iter()]
        assert tags == [element.tag for element in ElementTree.fromstring(reporter(name).render(*report(MARKDOWN))).iter()]
    if name == "sarif":
        for result in json.loads(out)["runs"][0]["results"]:
            only_words(result["message"]["markdown"], _sarif_markdown(MARKDOWN) if len(text) < 1000 else "")
            assert "](" not in result["message"]["text"]
            assert not re.search(r"\{\d", result["message"]["text"])
    if name == "github":
        _as_the_runner_reads(out, text)


def _sarif_markdown(text: str) -> str:
    return json.loads(reporter("sarif").render(*report(text)))["runs"][0]["results"][0]["message"]["markdown"]


def _as_the_runner_reads(out: str, text: str) -> None:
    """The commands are three, of the kinds and with the properties that were meant."""
    commands = [line for line in out.split("\n") if line.startswith("::")]
    assert [line[2:].split(" ")[0] for line in commands] == ["error", "warning", "notice"]
    for line in commands:
        head = line[2 : line.index("::", 2)].partition(" ")[2]
        properties = dict(part.split("=", 1) for part in head.split(","))
        assert set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        path = properties["file"].replace("%2C", ",").replace("%3A", ":").replace("%25", "%")
        assert path == plain(text or "x")
        assert properties["line"] == "8"


@every_attempt
def test_markup_is_closed(text: str) -> None:
    """Each way to put a text into Markdown gives one paragraph, one code span or one block, whatever stands around it."""
    only_words(f"a {markup.text(text)} b", "a x b")
    only_words(f"a {markup.prose(text)} b", "a x b")
    only_words(f"{markup.text(text) or 'x'} b", "x b")
    only_words(f"- {markup.code(text)} b", "- `x` b")
    only_words(
        f"| {markup.code(text)} | {markup.text(text)} |\n|---|---|\n| {markup.code(text)} | b |",
        "| x | x |\n|---|---|\n| x | b |",
    )
    only_words(f"a\n\n{markup.fence(text, 'diff')}\nb", "a\n\n```diff\nx\n```\nb")
    only_words(f"a {markup.link(text, 'https://example.org/x')} b", "a [x](https://example.org/x) b")
    only_words(f"a {markup.link('x', text)} b", "a x b")
    if markup.exact(text):
        block = markup.suggestion(text)
        found = page(f"a\n\n{block}\nb")
        assert [tag for tag, _ in found.tags] == ["p", "pre", "code", "p"]


@every_attempt
@pytest.mark.parametrize("name", ["text", "github", "markdown", "junit", "json", "sarif"])
def test_by_the_command_in_a_runner(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    """A rule with such a title, id and values, in a file of such a name: what a job prints."""
    if len(text) > 1000:
        pytest.skip("see above")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    quoted = json.dumps(text.encode("utf-8", "replace").decode())
    rule = sigma(1, technique="t9999").replace("Download by certutil", "TITLE").replace("'urlcache'", quoted)
    rule = rule.replace("title: TITLE", f"title: {quoted}").replace("condition: selection", f"condition: selection or {quoted}")
    file = re.sub(r"[\x00/\ud800-\udfff\ufffe\uffff]", "_", text)[:80].strip(". ") or "x"
    try:
        (here / f"{file}.yml").write_text(rule, encoding="utf-8")
    except OSError:  # Windows takes few names
        (here / "x.yml").write_text(rule, encoding="utf-8")
    done = siftlint("lint", "--format", name, "--persona", "auditor")
    assert done.status == 1, done.err
    findings = json.loads(siftlint("lint", "--format", "json", "--persona", "auditor").out)["findings"]
    shown = {severity: sum(one["severity"] == severity for one in findings) for severity in SEVERITIES}
    no_command(done.out, sum(min(10, number) for number in shown.values()) if name == "github" else 0)
    no_command(done.err)
    for line in (done.out if name in ("text", "markdown", "junit", "github") else "").split("\n"):
        assert not HIDDEN.search(line)


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_nothing_is_written_but_the_output(here: Path, siftlint: Run) -> None:
    (here / "rules").mkdir()
    (here / "rules" / "a.yml").write_text(sigma(1, title="../../outside", technique="t9999"), encoding="utf-8")
    outside = here.parent / f"{here.name}-outside"
    outside.mkdir()
    (outside / "kept").write_text("kept", encoding="utf-8")
    (here / "link.sarif").symlink_to(outside / "kept")
    (here / "folder").symlink_to(outside)
    for target in ("link.sarif", "folder/new.sarif"):
        done = siftlint("lint", "rules", "--select", "unknown-technique", "--format", "sarif", "--output", target)
        assert done.status == 3
        assert "a symbolic link leads it elsewhere" in done.err
    assert siftlint("lint", "rules", "--select", "unknown-technique", "--format", "sarif", "--output", "real.sarif").status == 1
    assert (
        siftlint("lint", "rules", "--select", "unknown-technique", "--format", "sarif", "--output", outside / "named").status
        == 1
    )  # said in so many words
    assert sorted(path.name for path in outside.iterdir()) == ["kept", "named"]
    assert (outside / "kept").read_text(encoding="utf-8") == "kept"


def test_there_are_enough_attempts() -> None:
    assert len(ATTEMPTS) >= 50
