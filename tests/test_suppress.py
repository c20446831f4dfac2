"""Comments, ignores and baselines."""

from __future__ import annotations

import json
from datetime import date

import pytest

from linter.finding import Finding
from linter.source import Position, Source
from linter.suppress import (
    BaselineError,
    Ignore,
    inline,
    read_baseline,
    split_baseline,
    split_external,
    split_inline,
    write_baseline,
)


def finding(
    line: int = 5, check: str = "noisy-branch", rule_id: str = "r1", subject: tuple[str, ...] = ("Image", "eq", "x")
) -> Finding:
    place = Position(line, 1)
    return Finding(check, "advice", "high", "regular", "a.yml", "sigma", rule_id, "T", 0, 0, place, place, "m", subject)


SIGMA = """\
title: One{title}
id: r1
detection:
  selection:
    Image: a{trailing}
{above}    User: b
    Group: c
"""


def silenced(text: str, line: int, check: str = "noisy-branch", titles: tuple[int, ...] = (0,)) -> bool:
    comments = inline(Source("a.yml", text), titles)
    return not split_inline([finding(line, check)], comments)[0]


def test_on_the_line() -> None:
    text = SIGMA.format(title="", trailing="  # siftlint: ignore[noisy-branch] known", above="")
    assert silenced(text, 5)
    assert not silenced(text, 6)
    assert not silenced(text, 5, "common-exclusion")


def test_on_the_line_above() -> None:
    text = SIGMA.format(title="", trailing="", above="    # siftlint: ignore[a-check, noisy-branch]\n    # more\n")
    assert silenced(text, 8)
    assert not silenced(text, 9)
    assert not silenced(text, 5)


@pytest.mark.parametrize("head", ["# siftlint: ignore[noisy-branch] why\n{}", "# about\n\n# siftlint: ignore[*]\n{}"])
def test_at_the_head_for_the_whole_rule(head: str) -> None:
    text = head.format(SIGMA.format(title="", trailing="", above=""))
    title = text.index("title:")
    assert all(silenced(text, line, titles=(title,)) for line in range(1, 9))


def test_on_the_title() -> None:
    text = SIGMA.format(title="  # siftlint: ignore[noisy-branch]", trailing="", above="")
    assert silenced(text, 7)


def test_title_that_is_not_the_first_key() -> None:
    text = "id: r1\nlevel: low\n# siftlint: ignore[noisy-branch]\ntitle: One\ndetection:\n  a: b\n"
    assert silenced(text, 6, titles=(text.index("title"),))


def test_one_of_several_documents() -> None:
    rule = "title: {0}\ndetection:\n  a: b\n"
    text = rule.format(1) + "---\n# siftlint: ignore[*]\n" + rule.format(2) + "---\n" + rule.format(3)
    titles = tuple(text.index(f"title: {number}") for number in (1, 2, 3))
    shown = [line for line in range(1, 15) if not silenced(text, line, titles=titles)]
    assert shown == [1, 2, 3, 4, 10, 11, 12, 13, 14]  # line 9 is the `---` below it


def test_yaral_rules_in_one_file() -> None:
    rule = "rule r{0} {{\n  events:\n    $e.a = 1\n}}\n\n"
    text = rule.format(1) + "// siftlint: ignore[noisy-branch] lab\n" + rule.format(2) + rule.format(3)
    titles = tuple(text.index(f"rule r{number}") for number in (1, 2, 3))
    assert [line for line in range(1, 17) if silenced(text, line, titles=titles)] == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    "comment",
    [
        "# siftlint: ignore[noisy-branch] why",
        "// siftlint: ignore[noisy-branch] why",
        "/* siftlint: ignore[noisy-branch] why */",
        "```siftlint: ignore[noisy-branch] why```",
        "``` siftlint:ignore[ noisy-branch ,x ] why ```",
    ],
)
def test_every_comment_style(comment: str) -> None:
    (found,) = inline(Source("a", f"name: x\nquery: |\n  a = b {comment}\n  c\n"), (0,))
    assert "noisy-branch" in found.checks
    assert found.reason == "why"
    assert (found.first, found.last) == (3, 3)


def test_not_in_a_comment() -> None:
    assert inline(Source("a", "title: siftlint: ignore[noisy-branch]\n"), (0,)) == ()


def test_hostile_comments_are_cheap() -> None:
    text = "# siftlint: ignore[" * 20000 + "\n" + "#\n" * 1000
    assert inline(Source("a", text), (0,)) == ()


# external ignores


def test_external_ignores_narrow() -> None:
    found = [finding(), finding(check="unknown-technique"), finding(rule_id="r2"), finding(subject=("Image", "eq", "y"))]
    ignores = [Ignore("r1", "noisy-branch", "X", "why")]
    result = split_external(found, ignores, frozenset({"r1", "r2"}), False)
    assert [gone.finding for gone in result.silenced] == found[:1]
    assert result.silenced[0].reason == "why"
    assert result.notes == ()


def test_expired_ignore_does_nothing_and_is_said() -> None:
    ignores = [Ignore("r1", "", "", "why", date(2026, 1, 31), "siftlint.toml")]
    assert split_external([finding()], ignores, frozenset({"r1"}), False, date(2026, 1, 31)).silenced
    late = split_external([finding()], ignores, frozenset({"r1"}), False, date(2026, 2, 1))
    assert not late.silenced
    assert "expired on 2026-01-31" in late.notes[0]


def test_ignore_that_matches_nothing_is_said_once_it_could_have() -> None:
    ignores = [Ignore("r9", "noisy-branch", "", "why", None, "siftlint.toml")]
    assert split_external([finding()], ignores, frozenset({"r1"}), False).notes == ()
    assert "names a rule that is not here" in split_external([finding()], ignores, frozenset({"r1"}), True).notes[0]
    assert "matches nothing" in split_external([], ignores, frozenset({"r9"}), False).notes[0]


# baseline


def test_baseline_round_trip(here) -> None:
    old, fresh = finding(), finding(rule_id="r2")
    assert write_baseline("base.json", [old, old]) == 1
    known = read_baseline("base.json")
    shown, gone = split_baseline([finding(line=99), fresh], known)
    assert shown == (fresh,)
    assert [item.by for item in gone] == ["baseline"]
    assert json.loads((here / "base.json").read_text(encoding="utf-8"))["findings"][0]["rule"] == "r1"


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"version": 9, "findings": []}'])
def test_baseline_that_is_none(here, content: str | None) -> None:
    if content is not None:
        (here / "base.json").write_text(content, encoding="utf-8")
    with pytest.raises(BaselineError, match=r"base\.json"):
        read_baseline("base.json")


def test_fingerprint_holds_no_line_and_no_count() -> None:
    assert finding(line=1).fingerprint == finding(line=7).fingerprint != finding(check="x").fingerprint
