"""ATT&CK: names, parents, what moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.taxonomy import attack


def test_lookup() -> None:
    info = attack.lookup("t1021.002")
    assert info is not None
    assert info.name == "SMB/Windows Admin Shares"
    assert info.parent == "T1021"
    assert info.tactics == ("lateral-movement",)
    assert "Windows" in info.platforms
    assert info.url == "https://attack.mitre.org/techniques/T1021/002/"
    assert (info.revoked, info.deprecated, info.moved, info.successor) == (False, False, False, "")
    assert attack.lookup("T9999") is attack.lookup("") is attack.lookup("T1021.002\tx") is None


def test_children_and_all_ids() -> None:
    assert "T1021.002" in attack.children("T1021")
    assert attack.children("T1021.002") == ()
    assert len(attack.all_ids()) > 600
    assert "T1562.001" not in attack.all_ids()


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("T1562.001", "T1685"), ("t1562.004", "T1686"), ("T1070.001", "T1685.005"), ("T1562.002", "T1685.001"),
        ("T1562.009", "T1688"), ("T1562.013", "T1562.013"), ("T1002", "T1560"), ("T1059", "T1059"), ("T0000", "T0000"),
    ],
)  # fmt: skip
def test_current(old: str, now: str) -> None:
    assert attack.current(old) == now
    assert attack.technique(old, 3, 9) == (now, old, 3, 9)


def test_moved_ids_say_where() -> None:
    info = attack.lookup("T1562.001")
    assert info is not None
    assert info.moved
    assert info.successor == "T1685"


@given(st.text(max_size=12))
def test_any_text_is_kept(text: str) -> None:
    assert attack.technique(text, 0, 1).original == text
