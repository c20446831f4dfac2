"""A fix as one replacement, and on whole lines: applying either gives the text that its edits give."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linter.finding import Edit, Fix
from linter.reporters.edits import FARTHEST, joined, on_lines
from linter.source import Source

_TEXT = st.lists(st.sampled_from(["a", "b", " ", "é", "\n", "\r\n"]), max_size=30).map("".join)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...]]:
    text = draw(_TEXT)
    whole = [at for at in range(len(text) + 1) if text[max(0, at - 1) : at + 1] != "\r\n"]  # no edit splits a line end
    places = sorted(draw(st.lists(st.sampled_from(whole), min_size=2, max_size=6)))
    pairs = list(zip(places[::2], places[1::2], strict=False))
    return text, tuple(Edit(start, end, draw(st.text(alphabet="xy\n", max_size=5))) for start, end in pairs)


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine
@given(_cases())
def test_both_do_what_the_edits_do(case: tuple[str, tuple[Edit, ...]]) -> None:
    text, edits = case
    source, fix = Source("x", text), Fix("safe", "d", edits)
    one = joined(fix, source)
    assert one is not None
    wanted = applied(text, tuple(edits)) if len({edit.start for edit in edits}) == len(edits) else None
    if wanted is not None:
        assert text[: one.start] + one.text + text[one.end :] == wanted
    change = on_lines(fix, source)
    if change is None or wanted is None:
        return
    starts = [*source.line_starts, len(text)]
    got = text[: starts[change.first - 1]] + change.text + text[starts[change.last] :]
    assert _ends(got) == _ends(wanted)
    assert 1 <= change.first <= change.last <= len(source.line_starts)


def _ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_what_can_not_be_one() -> None:
    source = Source("x", "a\n" * (FARTHEST + 9))
    for edits in (
        (),
        (Edit(0, 3, ""), Edit(2, 4, "")),
        (Edit(0, 999, "x"),),
        (Edit(-1, 1, "x"),),
        (Edit(0, 1, "b"), Edit(90, 91, "b")),
    ):
        assert joined(Fix("safe", "d", edits), source) is None
        assert on_lines(Fix("safe", "d", edits), source) is None
    assert on_lines(Fix("safe", "d", (Edit(0, 1, "a"),)), source) is None  # changes nothing


def test_lines_that_stay_are_no_part() -> None:
    source = Source("x", "one\ntwo\nthree\n")
    change = on_lines(Fix("safe", "d", (Edit(3, 3, "\nadded"), Edit(4, 7, "TWO"))), source)
    assert change == (2, 2, "added\nTWO\n")
    change = on_lines(Fix("safe", "d", (Edit(3, 7, "\nTWO"),)), source)
    assert change == (2, 2, "TWO\n")
