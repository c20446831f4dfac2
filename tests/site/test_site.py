"""What is written: pages, numbers, links, nothing that a stranger's text could do."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linter import jobs
from linter.catalog.load import Catalog
from linter.catalog.show import Page
from linter.checks import registry
from linter.finding import HELP_BASE
from linter.rule import Indicator
from linter.site import book, build, docs, sigma
from linter.site.rows import rows
from linter.source import Source
from linter.taxonomy import attack
from tests.conftest import Run
from tests.hostile_text import HIDDEN
from tests.site.conftest import Made
from tests.site.links import Links


def test_every_technique_class_vendor_and_check_has_a_page(made: Made, catalog: Catalog) -> None:
    paths = {one.path for one in made.site.files}
    assert {f"techniques/{one}.html" for one in (*attack.all_ids(), *catalog.technique_names())} <= paths
    assert sum(path.startswith("classes/") for path in paths) == len(catalog.class_names()) + 1
    assert {"vendors/sigma.html", "vendors/elastic.html", "index.html", "search.html"} <= paths
    for check in registry.IDS:
        assert HELP_BASE + check + ".html" == f"https://siftlint.github.io/siftlint/checks/{check}.html"
        assert f"checks/{check}.html" in paths


def test_no_link_is_broken_and_no_id_stands_twice(made: Made, hostile: Made) -> None:
    links = Links(made.folder)
    assert links.inside > 3000
    assert links.broken == []
    assert links.twice == []
    others = Links(hostile.folder)  # of a few pages only
    assert others.twice == []
    assert all(link.startswith("https://") for link in links.outside | others.outside)


def test_the_numbers_are_those_of_the_page_in_the_terminal(made: Made, catalog: Catalog) -> None:
    page = Page(catalog, "T1021.002")
    shown = rows(book.Book(catalog), "techniques/T1021.002.html", page.tables, page.rules)
    assert [(one.field, one.users.total) for one in shown.items] == [
        (row.indicator.field, len(row.rules)) for row in page.tables.indicators[: len(shown.items)]
    ]
    assert [row.rules for row in shown.fields] == [row.rules for row in page.tables.fields]
    assert shown.benign[0].title == "Computer accounts"
    assert shown.benign[0].leaves[0].users.total == 16
    assert shown.leaves_all == len(page.tables.exclusions)
    text = made.text("techniques/T1021.002.html")
    for heading in ("Events covered", "Authoring guide", "Fields filtered most", "Top indicators", "Exclusions", "Rules"):
        assert f">{heading}" in text
    assert "https://attack.mitre.org/techniques/T1021/002/" in text
    assert "SubjectUserName|endswith: &#39;$&#39;" in text
    assert "https://github.com/somebody/rules/blob/" in text
    assert "0123456789ab" in text


def test_reach_is_blank_where_all_rules_are_here(catalog: Catalog) -> None:
    for name, blank in (("T1021.002", True), ("T1560.001", False)):
        page = Page(catalog, name)
        shown = rows(book.Book(catalog), f"techniques/{name}.html", page.tables, page.rules)
        reached = [one for one in shown.items if one.reach]
        assert bool(reached) is not blank
        for one in reached:
            assert one.reach > one.users.total
            assert 0 < sum(width for _, _, width in one.bar) <= 60


def test_what_is_used_together_is_said(made: Made) -> None:
    assert "12 of 12 also look for CommandLine contains -out" in made.text("techniques/T1105.html")


def test_rules_open_where_links_lead(made: Made, catalog: Catalog) -> None:
    text = made.text("classes/windows-security-5145.html")
    handle = catalog.technique("T1021.002").rules[0]
    assert f'href="../techniques/T1021.002.html#{handle}"' in text
    assert f'<details class="rule" id="{handle}"' in made.text("techniques/T1021.html")
    untagged = made.text("classes/zeek-smb_files.html")
    assert '<span class="t">Nobody Tagged This</span>' in untagged


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


_KNOWN = frozenset(
    """
    html head meta title link script body a header div svg path rect span nav form input button main footer
    details summary ul li b p code section h1 h2 h3 h4 small em i table thead tbody tr th td pre dl dt dd label
    select option output mark
    """.split()  # noqa: SIM905
)


def test_nothing_by_strangers_is_more_than_text(hostile: Made) -> None:
    files = [file for file in hostile.folder.rglob("*") if file.suffix in (".html", ".js")]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not HIDDEN.search(text), file
        if file.suffix == ".js":
            continue
        seen = _Seen()
        seen.feed(text)
        for tag, attrs in seen.tags:
            assert tag in _KNOWN, (file, tag)
            assert not any(name.startswith("on") or name == "style" for name in attrs), (file, tag, attrs)
            if tag == "script":
                assert str(attrs["src"]).lstrip("./").startswith("static/")
            if tag == "a":
                link = str(attrs["href"])
                assert link.startswith(("../", "#", "https://")) or re.fullmatch(r"[\w./-]+\.html", link)
        policy = next(attrs["content"] for tag, attrs in seen.tags if attrs.get("http-equiv") == "Content-Security-Policy")
        assert "unsafe" not in str(policy)
        assert "default-src 'none'" in str(policy)
    assert len(hostile.text("techniques/T1105.html")) < 1_500_000
    for file in (hostile.folder / "data").iterdir():
        script = file.read_text(encoding="utf-8")
        assert script.isascii()
        assert "<" not in script
        json.loads(script.partition("]=")[2].rstrip(";\n"))


def test_a_folder_with_other_things_is_left_alone(catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert build.run(catalog, str(tmp_path)) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_site_is_built_again_in_its_place_and_is_the_same(catalog: Catalog, tmp_path: Path) -> None:
    names = frozenset({"T1021.002", "process_creation/windows"})
    build.build(catalog, tmp_path / "site", names, processes=1)
    first = {file.name: file.read_bytes() for file in (tmp_path / "site").rglob("*") if file.is_file()}
    (tmp_path / "site" / "techniques" / "T0000.html").write_text("left behind", encoding="utf-8")
    build.build(catalog, tmp_path / "site", names, processes=2)
    assert {file.name: file.read_bytes() for file in (tmp_path / "site").rglob("*") if file.is_file()} == first
    assert [one.name for one in tmp_path.iterdir()] == ["site"]


def test_the_command_says_what_it_made(catalog: Catalog, siftlint: Run, here: Path) -> None:
    folder = catalog.snapshots[0].path
    (here / "siftlint.toml").write_text(f"snapshot = {json.dumps(folder.as_posix())}\n", encoding="utf-8")
    done = siftlint("catalog", "site", "--output", "out")
    assert done.status == 0
    assert re.search(r"[\d,]+ pages, [\d.]+ MB, [\d.]+ s: open out/index.html", done.err)
    assert "Share Touched 3" in (here / "out" / "techniques" / "T1021.002.html").read_text(encoding="utf-8")


def test_progress_is_for_terminals() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, wanted in ((Terminal(), "writing pages 50 of 100"), (io.StringIO(), "")):
        progress = jobs.Progress("writing pages", 100, stream)
        progress._due -= jobs.PATIENCE + 1
        progress.advance(50)
        assert wanted in stream.getvalue()
        assert bool(wanted) == bool(stream.getvalue())


def test_a_docstring_becomes_a_page() -> None:
    lead, sections = docs.sections_of(
        "Does a thing.\n\n## What it does\nSays `a < b`.\n\n- one\n  and more\n- two\n\n    code <b>\n"
        "\n| a | b |\n| --- | --- |\n| `x` | y |\n"
        "\n## Source\nSee https://example.org/a.b.\n"
    )
    assert lead == "Does a thing."
    assert [one.title for one in sections] == ["What it does", "Source"]
    html = sections[0].html
    assert "<code>a &lt; b</code>" in html
    assert "<li>one and more</li><li>two</li>" in html
    assert "<pre><code>code &lt;b&gt;</code></pre>" in html
    assert "<td><code>x</code></td>" in html
    assert '<a href="https://example.org/a.b">https://example.org/a.b</a>.' in sections[1].html


def test_check_pages_show_what_is_found(made: Made) -> None:
    text = made.text("checks/unused-selection.html")
    assert "The condition never uses <code>filter_main_backup</code>" in text
    assert "<mark>" in text
    assert "siftlint: ignore[unused-selection]" in text


@pytest.mark.parametrize(
    ("cls", "leaves", "wanted"),
    [
        ("windows:security:5145", [Indicator("SubjectUserName", "endswith", "$")], "SubjectUserName|endswith: '$'"),
        ("process_creation/windows", [Indicator("ParentImage", "null", "")], "ParentImage: null"),
        ("process_creation/windows", [Indicator("CommandLine", "contains", "it's*")], r"CommandLine|contains: 'it''s\*'"),
        (
            "process_creation/windows",
            [Indicator("Image.name", "eq", "fetch.exe"), Indicator("CommandLine", "contains", "-out")],
            "Image|endswith: '\\fetch.exe'",
        ),
    ],
)
def test_a_filter_is_sigma(catalog: Catalog, cls: str, leaves: list[Indicator], wanted: str) -> None:
    from linter.dialects import sigma as dialect

    text = sigma.filter_text(catalog, cls, leaves)
    assert wanted in text
    name = text.partition(":")[0]
    indented = "\n".join("  " + line for line in text.splitlines())
    rule = (
        f"title: x\nlogsource: {{product: windows}}\ndetection:\n  sel: {{a: b}}\n{indented}\n  condition: sel and not {name}\n"
    )
    reading = dialect.read(Source("x.yml", rule))
    assert not reading.problems
    assert len([one for one in reading.rules[0].predicates() if one.excluded]) == len(leaves)


def test_a_filter_that_sigma_cannot_say_is_not_offered(catalog: Catalog) -> None:
    assert sigma.filter_text(catalog, "process_creation/windows", [Indicator("CommandLine", "contains", "x" * 10_000)]) == ""
    assert sigma.filter_text(catalog, "", [Indicator("Count", "gt", "many")]) == ""
