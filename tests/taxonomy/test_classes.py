"""Benign classes and field kinds: each class with something that belongs to it, and near misses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.rule import OPS
from linter.taxonomy import classes


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("CommandLine", "null", "", "empty_value"),
        ("ParentImage", "eq", "-", "empty_value"),
        ("SubjectUserName", "endswith", "$", "machine_account"),
        ("User.name", "eq", "system", "system_account"),
        ("User.sid", "startswith", "s-1-5-18", "system_account"),
        ("User", "contains", "authori", "system_account"),
        ("user.username", "startswith", "system:serviceaccount:kube-system:", "service_account"),
        ("userIdentity.arn", "contains", "assumed-role/terraform", "service_account"),
        ("SourceIp", "cidr", "10.0.0.0/8", "local_network"),
        ("SourceIp", "eq", "::1", "local_network"),
        ("SourceIp", "cidr", "172.16.0.0/12", "local_network"),
        ("DestinationIp", "startswith", "204.79.197", "cloud_service"),
        ("DestinationIp", "eq", "1.2.3.4", ""),
        ("DestinationIp", "cidr", "203.0.113.0/24", "local_network"),
        ("SubjectLogonId", "eq", "0x3e7", "system_account"),
        ("SignatureStatus", "eq", "errorUntrustedRoot", ""),
        ("ServiceName", "endswith", "$", "machine_account"),
        ("ImageLoaded.name", "eq", "msi.dll", ""),
        ("DestinationHostname", "endswith", ".internal", "local_network"),
        ("Image.name", "eq", "msmpeng.exe", "security_product"),
        ("Image.path", "startswith", "c:\\program files\\windows defender\\", "security_product"),
        ("Image.path", "contains", "\\avg\\", "security_product"),
        ("Image.path", "contains", "\\average\\", ""),
        ("Image.path", "endswith", "\\google\\chrome\\application\\chrome.exe", "browser"),
        ("Image.path", "startswith", "c:\\program files\\microsoft office\\", "office_collaboration"),
        ("Image.name", "eq", "ccmexec.exe", "management_agent"),
        ("ParentImage.path", "contains", "\\veeam\\", "backup_storage"),
        ("Image.name", "eq", "vmtoolsd.exe", "virtualization"),
        ("ParentImage.name", "eq", "containerd-shim", "container_runtime"),
        ("ParentImage.path", "startswith", "/snap/", "container_runtime"),
        ("Image.path", "startswith", "c:\\windowsazure\\guestagent", "cloud_service"),
        ("Image.path", "contains", "\\dell\\", "hardware_vendor"),
        ("ParentImage.name", "eq", "sqlservr.exe", "database_server"),
        ("Image.name", "eq", "msbuild.exe", "developer_tool"),
        ("Image.path", "startswith", "c:\\windows\\winsxs\\", "servicing"),
        ("Image.name", "eq", "tiworker.exe", "servicing"),
        ("Image.name", "eq", "msiexec.exe", "installer_updater"),
        ("ParentImage.name", "eq", "dpkg", "installer_updater"),
        ("ParentImage.name", "eq", "bash", "scripting_host"),
        ("Signature", "eq", "microsoft windows", "trusted_signer"),
        ("Image.path", "contains", "\\steam\\", "consumer_app"),
        ("Image.name", "eq", "svchost.exe", "system_program"),
        ("Image.path", "startswith", "c:\\program files\\", "program_folder"),
        ("Image.path", "startswith", "c:\\windows\\system32\\", "windows_folder"),
        ("Image.path", "startswith", "/usr/libexec/", "system_folder"),
        ("TargetFilename.path", "contains", "\\temp\\", "temp_folder"),
        ("Image.path", "contains", "\\users\\", "user_folder"),
        ("CommandLine", "contains", " -enc ", ""),
        ("DestinationPort", "eq", "443", ""),
    ],
)
def test_classes(field: str, op: str, value: str, expected: str) -> None:
    assert classes.classify(field, op, value) == expected


def test_every_class_is_documented_and_closed() -> None:
    assert {name for name, _, _ in classes._lists()} <= set(classes.CLASSES)
    assert all(text.endswith(".") for text in classes.CLASSES.values())


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("Image.name", "image"), ("ParentImage.path", "parent"), ("CommandLine", "commandline"), ("User.sid", "user"),
        ("SubjectUserName", "user"), ("SourceIp", "network"), ("sourceIPAddress", "network"), ("TargetFilename.ext", "file"),
        ("TargetObject", "registry"), ("ScriptBlockText", "script"), ("Signature", "signer"), ("ImageLoaded.name", "module"),
        ("EventID", "event"), ("Hashes.sha256", "hash"), ("AccessMask", "access"), ("userIdentity.type", "user"),
        ("description", "other"),
    ],
)  # fmt: skip
def test_field_kinds(field: str, kind: str) -> None:
    assert classes.field_kind(field) == kind


@given(st.sampled_from(["Image.name", "SourceIp", "User.name", "Signature", "x"]), st.sampled_from(OPS), st.text(max_size=30))
def test_always_a_known_class(field: str, op: str, value: str) -> None:
    assert classes.classify(field, op, value) in {"", *classes.CLASSES}
