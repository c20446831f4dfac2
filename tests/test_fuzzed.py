"""What fuzzing broke, and a few hundred texts of each dialect as fuzzing makes them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.harness import DIALECTS, check, texts
from tests.rules import KUSTO

BROKE = (
    ("elastic", "{\n"),  # a problem behind the last character
    ("kusto", KUSTO.partition("query: |\n")[0] + "query: |\n  let f = (x:0.0\n"),
)


@pytest.mark.parametrize(("dialect", "text"), BROKE)
def test_what_broke(dialect: str, text: str) -> None:
    check(dialect, text)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_few(dialect: str, data: st.DataObject) -> None:
    check(dialect, data.draw(texts(dialect)))
