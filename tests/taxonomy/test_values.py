"""Each value rule: what five vendors write becomes one canonical (field, op, value)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.rule import OPS, Event
from linter.taxonomy import fields, literals, values

PROCESS = (Event("process_creation/windows", "", "", "", True),)


def said(
    vendor: str, field: str, op: str, value: str, *sources: str, cls: str = "process_creation/windows"
) -> list[tuple[str, str, str]]:
    events = (Event(cls, "", "", "", False),)
    canonical, part, _, _ = fields.lookup(vendor, field, fields.scopes(events, sources))
    name, indicators = values.canonical(canonical, part, op, value)
    assert name == indicators[0].field
    return [tuple(indicator) for indicator in indicators]


@pytest.mark.parametrize(
    ("vendor", "field", "op", "value"),
    [
        ("sigma", "Image", "endswith", "\\NET.exe"),
        ("sigma", "Image", "re", "(?i)^.*\\\\net\\.exe$"),
        ("sigma", "NewProcessName", "like", "*\\net.exe"),
        ("elastic", "process.name", "eq", "net.exe"),
        ("elastic", "process.name.caseless", "eq", "net.exe"),
        ("elastic", "process.executable", "like", "?:\\*\\net.exe"),
    ],
)
def test_one_program_is_one_indicator(vendor: str, field: str, op: str, value: str) -> None:
    assert said(vendor, field, op, value)[0] == ("Image.name", "eq", "net.exe")


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (
            "eq",
            "C:\\Windows\\System32\\net.exe",
            [("Image.name", "eq", "net.exe"), ("Image.path", "eq", "c:\\windows\\system32\\net.exe")],
        ),
        (
            "endswith",
            "\\System32\\net.exe",
            [("Image.name", "eq", "net.exe"), ("Image.path", "endswith", "\\system32\\net.exe")],
        ),
        ("endswith", "/curl", [("Image.name", "eq", "curl")]),
        ("endswith", ".tmp", [("Image.ext", "eq", "tmp")]),
        ("endswith", "net.exe", [("Image.name", "endswith", "net.exe")]),
        ("startswith", "?:\\Windows\\", [("Image.path", "startswith", "c:\\windows\\")]),
        ("contains", ":\\Windows\\", [("Image.path", "startswith", "c:\\windows\\")]),
        ("like", "?:\\Users\\*", [("Image.path", "startswith", "c:\\users\\")]),
        ("like", "C:\\Users\\*\\Temp\\*", [("Image.path", "like", "c:\\users\\*\\temp\\*")]),
        ("like", "*\\python*.exe", [("Image.name", "like", "python*.exe")]),
        ("contains", "\\Temp\\", [("Image.path", "contains", "\\temp\\")]),
        ("startswith", "D:\\", [("Image.path", "startswith", "d:\\")]),
        ("null", "", [("Image", "null", "")]),
        ("eq", "-", [("Image", "eq", "-")]),
        ("re", "\\\\[a-z]{8}\\.exe$", [("Image.path", "re", "\\\\[a-z]{8}\\.exe$")]),
        ("re", ".*\\\\(cmd|powershell)\\.exe$", [("Image.name", "eq", "cmd.exe"), ("Image.name", "eq", "powershell.exe")]),
    ],
)
def test_paths(op: str, value: str, expected: list[tuple[str, str, str]]) -> None:
    assert said("sigma", "Image", op, value) == expected


def test_original_file_name_counts_for_the_program_too() -> None:
    assert said("sigma", "OriginalFileName", "eq", "NET.EXE") == [
        ("OriginalFileName", "eq", "net.exe"),
        ("Image.name", "eq", "net.exe"),
    ]
    assert said("sigma", "OriginalFileName", "eq", "psexec.c") == [("OriginalFileName", "eq", "psexec.c")]


def test_arguments_are_pieces_of_the_command_line() -> None:
    assert (
        said("elastic", "process.args", "eq", "-Enc")
        == said("sigma", "CommandLine", "contains", " -enc ")
        == [("CommandLine", "contains", "-enc")]
    )
    assert said("elastic", "process.args", "startswith", "-enc") == [("CommandLine", "contains", "-enc")]


@pytest.mark.parametrize("root", ["HKLM", "HKEY_LOCAL_MACHINE", "\\REGISTRY\\MACHINE", "*"])
def test_registry_roots_are_dropped(root: str) -> None:
    path = f"{root}\\SYSTEM\\ControlSet001\\Services\\X"
    assert said("sigma", "TargetObject", "eq", path, cls="registry_event/windows") == [
        ("TargetObject", "endswith", "\\system\\currentcontrolset\\services\\x")
    ]
    assert said("elastic", "registry.path", "like", f"{root}\\Software\\X\\*", cls="registry_event/windows") == [
        ("TargetObject", "contains", "\\software\\x\\")
    ]


def test_registry_values_and_keys() -> None:
    assert said("elastic", "registry.value", "eq", "Debugger") == [("TargetObject", "endswith", "\\debugger")]
    assert said("sigma", "TargetObject", "endswith", "\\Debugger") == [("TargetObject", "endswith", "\\debugger")]


def test_hashes() -> None:
    digest = "A" * 64
    wanted = [("Hashes.sha256", "eq", digest.lower())]
    assert said("sigma", "Hashes", "contains", f"SHA256={digest}") == wanted
    assert said("sigma", "sha256", "eq", digest) == wanted
    assert said("elastic", "process.hash.sha256", "eq", digest) == wanted
    assert said("sigma", "Hashes", "contains", "IMPHASH=0123") == [("Hashes.imphash", "eq", "0123")]


def test_accounts() -> None:
    assert said("sigma", "User", "eq", "NT AUTHORITY\\SYSTEM") == [
        ("User.name", "eq", "system"),
        ("User.domain", "eq", "nt authority"),
    ]
    assert said("elastic", "user.id", "eq", "S-1-5-18") == [("User.sid", "eq", "s-1-5-18"), ("User.name", "eq", "system")]
    assert said("elastic", "user.id", "eq", "0") == [("User.id", "eq", "0")]
    assert said("sigma", "User", "contains", "AUTHORI") == [("User", "contains", "authori")]
    assert said("sigma", "SubjectUserName", "endswith", "$", cls="windows:security:5145") == [
        ("SubjectUserName", "endswith", "$")
    ]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("startswith", "10.", ("SourceIp", "cidr", "10.0.0.0/8")),
        ("startswith", "192.168.", ("SourceIp", "cidr", "192.168.0.0/16")),
        ("cidr", "10.1.2.3/8", ("SourceIp", "cidr", "10.0.0.0/8")),
        ("cidr", "FE80::/10", ("SourceIp", "cidr", "fe80::/10")),
        ("eq", "0:0:0:0:0:0:0:1", ("SourceIp", "eq", "::1")),
        ("eq", "::ffff:127.0.0.1", ("SourceIp", "eq", "127.0.0.1")),
        ("eq", "127.0.0.0/8", ("SourceIp", "cidr", "127.0.0.0/8")),
    ],
)
def test_addresses(op: str, value: str, expected: tuple[str, str, str]) -> None:
    assert said("elastic", "source.ip", op, value) == [expected]


def test_words() -> None:
    assert said("elastic", "network.direction", "eq", "egress") == said("sigma", "Initiated", "eq", "true")
    assert said("elastic", "winlog.logon.type", "eq", "Network") == [("LogonType", "eq", "3")]
    assert said("sigma", "IntegrityLevel", "eq", "S-1-16-16384") == [("IntegrityLevel", "eq", "system")]


def test_token_is_kept_and_counted_as_contains() -> None:
    assert values.canonical("CommandLine", "", "token", "Invoke") == (
        "CommandLine",
        (("CommandLine", "token", "invoke"), ("CommandLine", "contains", "invoke")),
    )
    assert values.canonical("Image", "name", "token", "cmd.exe")[1][1] == ("Image.name", "eq", "cmd.exe")


def test_selectors_are_no_indicators() -> None:
    assert all(
        map(values.is_selector, ("EventID", "Channel", "ActionType", "event.type", "host.os.type", "metadata.event_type"))
    )
    assert not any(map(values.is_selector, ("Image.name", "eventName", "CommandLine", "eventType")))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("\\\\net\\.exe$", [("endswith", "\\net.exe")]),
        ("^C:\\\\x$", [("eq", "C:\\x")]),
        ("net1?\\.exe", [("contains", "net1.exe"), ("contains", "net.exe")]),
        ("a(b|c)d", [("contains", "abd"), ("contains", "acd")]),
        ("[\\\\/]x", [("contains", "\\x")]),
        ("[Cc]md", [("contains", "cmd")]),
        ("(^|\\\\)cmd\\.exe$", [("endswith", "\\cmd.exe")]),
        ("a\\.exe|b.+c", [("contains", "a.exe"), ("re", "b.+c")]),
        ("cmd.exe$", [("endswith", "cmd.exe")]),
        ("a.b", []),
        ("a\\d", []),
        ("a+", []),
        ("(a", []),
        ("a)", []),
        ("", []),
        ("(a|)", []),
        ("a|(", []),
        ("[|]a", [("contains", "|a")]),
        ("(" * 50 + "a" + ")" * 50, []),
        ("(a|b)" * 6, []),
    ],
)
def test_plain_regexes(pattern: str, expected: list[tuple[str, str]]) -> None:
    assert list(literals.plain(pattern)) == expected


@given(
    st.sampled_from(sorted(values.PATHS | {"CommandLine", "TargetObject", "User", "Hashes", "SourceIp", "Other"})),
    st.sampled_from(["", "path", "name", "dir", "ext", "arg", "key", "value", "account", "sid", "sha256"]),
    st.sampled_from(OPS),
    st.text(alphabet="aZ0\\/:*?.$%=-([|)^ \n\0é", max_size=24),
)
def test_any_value_has_indicators(field: str, part: str, op: str, value: str) -> None:
    name, indicators = values.canonical(field, part, op, value)
    assert indicators
    assert name == indicators[0].field
    assert all(one.op in OPS and one.field for one in indicators)
