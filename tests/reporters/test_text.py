"""The output for people."""

from __future__ import annotations

import pytest

from linter.reporters import text
from linter.reporters.clean import plain
from tests.conftest import Run
from tests.reporters import golden
from tests.reporters.sample import EMPTY, REPORT, VIEW
from tests.rules import sigma


@pytest.mark.parametrize("width", [60, 80, 120])
def test_golden(width: int) -> None:
    out = text.render(REPORT, VIEW._replace(width=width))
    golden.check(f"text-{width}.txt", out)
    body = out.split("\n\n  siftlint explain")[0]  # commands to copy are never broken
    assert max(map(len, body.splitlines())) <= width


def test_verbose_shows_all_of_it() -> None:
    golden.check("text-verbose.txt", text.render(REPORT, VIEW._replace(verbose=True)))


def test_colour_changes_no_letter() -> None:
    import re

    coloured = text.render(REPORT, VIEW._replace(colour=True))
    assert "\x1b[1;31merror" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.render(REPORT, VIEW)


def test_nothing_to_say() -> None:
    assert text.render(EMPTY, VIEW) == "1 rule in 1 file: nothing to say\n"
    assert text.render(EMPTY, VIEW._replace(quiet=True)) == ""


def test_strangers_text_moves_nothing() -> None:
    out = text.render(REPORT, VIEW)
    assert not any(char in out for char in "\x1b\x07\u202e\u2028\r")
    assert "\\x1b[31mred" in out
    assert "\\u202e" in out


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("a\tb", "a    b"),
        ("é漢字🙂", "é漢字🙂"),
        ("a\r\nb\x00\x7f\x9b", "a\\r\\nb\\x00\\x7f\\x9b"),
        ("\u200b\u2066\ufeff\U000e0041", "\\u200b\\u2066\\ufeff\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_plain(given: str, shown: str) -> None:
    assert plain(given) == shown
    assert plain("abcdef", 4) == "abc…"


def test_excerpt_of_an_endless_line(here, siftlint: Run) -> None:
    (here / "a.yml").write_text(
        sigma().replace("tags:\n  - attack.t1105", "tags: [" + "x.y, " * 3000 + "attack.t9999]"), "utf-8"
    )
    done = siftlint("lint", "--select", "unknown-technique")
    line, mark = done.out.splitlines()[2:4]
    assert len(line) <= 80
    assert line[mark.index("^") : mark.rindex("^") + 1] == "t9999"


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)]
)
def test_colour_of_the_environment(
    here, siftlint: Run, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    (here / "a.yml").write_text(sigma(technique="t9999"), "utf-8")
    assert ("\x1b[" in siftlint("lint").out) is coloured


def test_commands_to_copy_name_what_was_linted(here, siftlint: Run) -> None:
    (here / "our rules").mkdir()
    (here / "our rules" / "a.yml").write_text(sigma(technique="t1562.001"), "utf-8")
    assert "\n  siftlint lint --diff 'our rules' " in siftlint("lint", "our rules").out
    assert "\n  siftlint lint --diff  " in siftlint("lint").out
