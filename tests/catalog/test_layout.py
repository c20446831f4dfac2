"""Cells, handles, file names, and look-ups in sorted lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.catalog import layout


@given(st.text())
def test_a_cell_stands_for_its_text_and_breaks_no_line(text: str) -> None:
    cell = layout.escape(text)
    assert not any(char in cell for char in "\t\n\r\x0b\x0c\x1c\x85\u2028\x00")
    assert not cell.startswith("#")
    assert len(cell.splitlines()) <= 1
    assert layout.unescape(cell) == text


def test_lone_surrogates_become_something_that_can_be_written() -> None:
    assert layout.escape("a\ud800b").encode("utf-8").decode() == "a\ufffdb"


@pytest.mark.parametrize("text", ["C:\\x\\y", "# heading", "##rules", "␛", "␉", "a\tb\nc", "\x7f", "é", ""])
def test_cells_by_example(text: str) -> None:
    assert layout.unescape(layout.escape(text)) == text


lines = st.lists(st.text(alphabet="ab\t#é", max_size=6), max_size=40)


@given(lines, st.text(alphabet="ab\t#é", max_size=3))
def test_lines_with_finds_what_a_scan_finds(items: list[str], prefix: str) -> None:
    data = layout.table("columns", (layout.escape(item.replace("\t", "x")) + "\tend" for item in items))
    rows = data.split(b"\n")[1:-1]
    wanted = prefix.replace("\t", "x").lstrip("#").encode()
    assert list(layout.lines_with(data, wanted)) == [row for row in rows if row.startswith(wanted)]


def test_blocks_and_sections_are_found_in_place() -> None:
    data = b"#a\t2\t2\n##rules\ns1\ns2\n##exclusions\n1\tf\teq\tv\tother\ts1\n#ab\t1\t1\n##rules\ns3\n"
    assert layout.section(layout.block(data, "a") or b"", "rules") == b"s1\ns2\n"
    assert layout.section(layout.block(data, "a") or b"", "exclusions") == b"1\tf\teq\tv\tother\ts1\n"
    assert layout.section(layout.block(data, "ab") or b"", "rules") == b"s3\n"
    assert layout.section(layout.block(data, "ab") or b"", "fields") == b""
    assert layout.block(data, "b") is None
    assert [name for name, _ in layout.blocks(data)] == ["a", "ab"]


def test_handles_depend_on_the_key_alone() -> None:
    assert layout.handle_stem("s", "sigma:1") == layout.handle_stem("s", "sigma:1")
    assert layout.handle_stem("s", "sigma:1", 8).startswith(layout.handle_stem("s", "sigma:1"))
    assert len({layout.handle_stem("s", f"sigma:{n}", 9) for n in range(2000)}) == 2000


@pytest.mark.parametrize(
    ("name", "shard"),
    [
        ("process_creation/windows", "process_creation-windows"),
        ("windows:security:5145", "windows-security"),
        ("windows:security", "windows-security"),
        ("aws:cloudtrail", "aws"),
        ("con", "con-"),
        ("../../etc/passwd:x", "etc-passwd-x"),
        ("", "none"),
    ],
)
def test_shards_of_event_classes_are_safe_file_names(name: str, shard: str) -> None:
    assert layout.class_shard(name) == shard


@pytest.mark.parametrize(("name", "shard"), [("T1021.002", "T1021"), ("T1021", "T1021"), ("../X", "none"), ("", "none")])
def test_shards_of_techniques(name: str, shard: str) -> None:
    assert layout.technique_shard(name) == shard
