"""The plain kinds by which the ranker spreads its suggestions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.taxonomy.plain import plain


@pytest.mark.parametrize(
    ("name", "canonical", "op", "value", "kind"),
    [
        ("Image", "Image", "startswith", "C:\\Program Files\\Google\\Chrome\\", ("image", "browser")),
        ("ImageLoaded", "ImageLoaded", "startswith", "C:\\Program Files\\", ("image", "program_folder")),
        ("FileNameBuffer", "ImageLoaded", "endswith", "\\program files\\eset\\eamsi.dll", ("file", "security_product")),
        ("process.parent.executable", "ParentImage", "eq", "C:\\Windows\\System32\\msiexec.exe", ("parent", "installer")),
        ("Image", "Image", "null", "", ("image", "empty_value")),
        ("DestinationIp", "DestinationIp", "startswith", "172.16.", ("network", "local_network")),
        ("DestinationIp", "DestinationIp", "startswith", "172.60.", None),
        ("SubjectUserName", "SubjectUserName", "endswith", "$", ("user", "system_account")),
        ("Details", "Details", "eq", "%SystemRoot%\\System32\\ntdsa.dll", ("registry", "system_root")),
        ("process.name", "Image", "eq", "git", ("image", "developer")),
        ("CommandLine", "CommandLine", "contains", "animations", None),
        ("x", "TargetFilename", "contains", "\\AppData\\Local\\", ("file", "user_folder")),
    ],
)
def test_kinds(name: str, canonical: str, op: str, value: str, kind: tuple[str, str] | None) -> None:
    assert plain(name, canonical, op, value) == kind


@given(st.text(max_size=300), st.sampled_from(("eq", "re", "null", "cidr")))
def test_any_text_has_a_kind_or_none(value: str, op: str) -> None:
    found = plain("Image", "Image", op, value)
    assert found is None or (found[0] == "image" and found[1])
