"""Which events each vendor's rules read: Terms in, classes and rows out."""

from __future__ import annotations

import pytest

from linter.rule import And, Node, Not, Or, Term
from linter.taxonomy import events
from linter.taxonomy.event_rooms import common


def term(field: str, value: str, op: str = "eq") -> Term:
    return Term(field, op, value, "", False, 0, 1)


def tree(*pairs: tuple[str, str]) -> Node:
    return And(tuple(term(field, value) for field, value in pairs))


def classes(
    vendor: str, node: Node | None, *sources: str, tags: tuple[str, ...] = (), log: tuple[str, str, str] = ("", "", "")
) -> list[str]:
    found = events.resolve(events.Hints(vendor, *log, sources, node, tags))
    return list(dict.fromkeys(event.cls for event in found))


def rows(
    vendor: str, node: Node | None, *sources: str, log: tuple[str, str, str] = ("", "", "")
) -> list[tuple[str, str, str, bool]]:
    found = events.resolve(events.Hints(vendor, *log, sources, node))
    return [(event.provider, event.id, event.title, event.implied) for event in found]


def test_five_vendors_one_class() -> None:
    wanted = ["process_creation/windows"]
    assert classes("sigma", None, log=("process_creation", "windows", "")) == wanted
    assert classes("sigma", tree(("EventID", "4688")), log=("", "windows", "security")) == wanted
    assert classes("sigma", tree(("EventID", "1")), log=("", "windows", "sysmon")) == wanted
    assert classes("elastic", tree(("host.os.type", "windows"), ("event.type", "start")), "eql:process") == wanted
    assert classes("elastic", tree(("event.category", "process"), ("host.os.type", "windows"))) == wanted
    assert classes("splunk", tree(("Processes.process_name", "x.exe")), "datamodel:Endpoint.Processes") == wanted
    assert classes("splunk", None, "data_source:Sysmon EventID 1 AND Windows Event Log Security 4688") == wanted
    assert classes("kusto", tree(("FileName", "x.exe")), "DeviceProcessEvents") == wanted
    assert classes("kusto", None, "imProcessCreate") == wanted
    assert classes("yaral", tree(("metadata.event_type", "PROCESS_LAUNCH"))) == wanted
    assert classes("yaral", tree(("metadata.product_event_type", "4688"))) == wanted


def test_a_category_lists_what_can_serve_it() -> None:
    found = rows("sigma", None, log=("process_creation", "windows", ""))
    assert ("Sysmon", "1", "Process creation", True) in found
    assert ("Security-Auditing", "4688", "A new process has been created.", True) in found
    assert ("Defender-DeviceProcessEvents", "ProcessCreated", "Process created", True) in found


def test_event_ids_have_rows_titles_and_classes_of_their_own() -> None:
    node = Or((term("EventID", "5140"), term("EventID", "5145")))
    assert classes("sigma", node, log=("", "windows", "security")) == ["windows:security:5140", "windows:security:5145"]
    assert rows("sigma", term("EventID", "7045"), log=("", "windows", "system")) == [
        ("Service-Control-Manager", "7045", "A service was installed in the system.", False)
    ]
    assert rows("sigma", term("EventID", "4000"), log=("", "windows", "smbserver-connectivity"))[0][:2] == ("SMBServer", "4000")
    assert classes("sigma", None, log=("", "windows", "security")) == ["windows:security"]
    assert events.parent("windows:security:5145") == "windows:security"
    assert events.parent("process_creation/windows") == events.parent("aws:cloudtrail") == ""


def test_negated_ids_are_not_read() -> None:
    node = And((term("EventID", "4624"), Not(term("EventID", "4625"))))
    assert classes("sigma", node, log=("", "windows", "security")) == ["windows:security:4624"]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (("proxy", "", ""), "proxy/any"),
        (("", "aws", "cloudtrail"), "aws:cloudtrail"),
        (("application", "kubernetes", "audit"), "kubernetes:audit"),
        (("registry_set", "windows", ""), "registry_event/windows"),
        (("", "zeek", "http"), "zeek:http"),
        (("", "linux", ""), "linux:any"),
        (("ps_script", "windows", ""), "ps_script/windows"),
    ],
)
def test_sigma_log_sources(log: tuple[str, str, str], expected: str) -> None:
    assert classes("sigma", None, log=log) == [expected]


@pytest.mark.parametrize(
    ("pairs", "sources", "expected"),
    [
        ([("data_stream.dataset", "aws.cloudtrail"), ("event.action", "DeleteTrail")], [], "aws:cloudtrail"),
        ([("event.dataset", "okta.system")], [], "okta:okta"),
        ([("event.code", "5136"), ("host.os.type", "windows")], [], "windows:security:5136"),
        (
            [("event.code", "10"), ("event.provider", "Microsoft-Windows-Sysmon"), ("host.os.type", "windows")],
            [],
            "process_access/windows",
        ),
        ([("host.os.type", "linux"), ("event.type", "deletion")], ["eql:file"], "file_delete/linux"),
        ([("host.os.type", "macos")], ["eql:network"], "network_connection/macos"),
        ([("host.os.type", "windows"), ("event.type", "change")], ["eql:registry"], "registry_event/windows"),
        ([("host.os.type", "windows")], ["eql:library"], "image_load/windows"),
        ([("event.action", "logged-in"), ("host.os.type", "windows")], ["eql:authentication"], "windows:security:4624"),
        (
            [("powershell.file.script_block_text", "x"), ("host.os.type", "windows"), ("event.category", "process")],
            [],
            "process_creation/windows",
        ),
        ([("user.name", "x")], ["logs-azure.signinlogs-*"], "azure:signinlogs"),
        ([("kibana.alert.rule.name", "x")], [".alerts-security.*"], "alert/any"),
    ],
)
def test_elastic(pairs: list[tuple[str, str]], sources: list[str], expected: str) -> None:
    assert classes("elastic", tree(*pairs), *sources) == [expected]


@pytest.mark.parametrize(
    ("pairs", "sources", "expected"),
    [
        ([], ["data_source:Windows Event Log System 4720"], ["windows:security:4720"]),
        ([], ["data_source:Sysmon for Linux EventID 1"], ["process_creation/linux"]),
        ([], ["data_source:AWS CloudTrail ConsoleLogin"], ["aws:cloudtrail"]),
        ([], ["data_source:O365 Add member to role."], ["m365:audit"]),
        ([], ["data_source:Linux Auditd Execve"], ["linux:auditd"]),
        ([("EventCode", "4698")], ["macro:wineventlog_security"], ["windows:security:4698"]),
        ([("EventCode", "4104")], ["macro:powershell"], ["ps_script/windows"]),
        ([], ["datamodel:Endpoint.Registry"], ["registry_event/windows"]),
        ([("Processes.process", "/etc/passwd")], ["datamodel:Endpoint.Processes"], ["process_creation/linux"]),
        ([], ["macro:kube_audit"], ["kubernetes:audit"]),
        ([], ["datamodel:Web"], ["webserver/any"]),
    ],
)
def test_splunk(pairs: list[tuple[str, str]], sources: list[str], expected: list[str]) -> None:
    assert classes("splunk", tree(*pairs), *sources) == expected


@pytest.mark.parametrize(
    ("pairs", "sources", "expected"),
    [
        ([("EventID", "4625")], ["SecurityEvent"], ["windows:security:4625"]),
        ([("EventID", "1"), ("Source", "Microsoft-Windows-Sysmon")], ["Event"], ["process_creation/windows"]),
        ([("ActionType", "DnsQueryResponse")], ["DeviceEvents"], ["dns_query/windows"]),
        ([("ActionType", "LogonSuccess")], ["DeviceLogonEvents"], ["authentication/windows"]),
        ([("OperationName", "Add user")], ["AuditLogs"], ["azure:auditlogs"]),
        ([], ["_Im_Dns"], ["dns/any"]),
        ([], ["SigninLogs", "IdentityInfo"], ["azure:signinlogs"]),
        ([], ["SomeVendor_CL"], ["somevendor:any"]),
    ],
)
def test_kusto(pairs: list[tuple[str, str]], sources: list[str], expected: list[str]) -> None:
    assert classes("kusto", tree(*pairs), *sources) == expected


def test_defender_rows() -> None:
    assert rows("kusto", term("ActionType", "InboundConnectionAccepted"), "DeviceNetworkEvents") == [
        ("Defender-DeviceNetworkEvents", "InboundConnectionAccepted", "Inbound connection accepted", False)
    ]
    assert rows("kusto", None, "DeviceNetworkEvents") == [
        ("Defender-DeviceNetworkEvents", "any", "Network activity (any)", False)
    ]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("metadata.product_name", "AWS CloudTrail"), ("metadata.product_event_type", "CreateUser")], ["aws:cloudtrail"]),
        ([("metadata.event_type", "NETWORK_DNS")], ["dns/any"]),
        ([("metadata.event_type", "REGISTRY_MODIFICATION")], ["registry_event/windows"]),
        (
            [("metadata.event_type", "PROCESS_LAUNCH"), ("target.process.file.full_path", "/usr/bin/curl")],
            ["process_creation/linux"],
        ),
        ([("target.registry.registry_key", "x")], ["registry_event/windows"]),
        ([("graph.metadata.entity_type", "FILE")], ["threat_intelligence/any"]),
    ],
)
def test_udm(pairs: list[tuple[str, str]], expected: list[str]) -> None:
    assert classes("yaral", tree(*pairs)) == expected


def test_cloud_operations_are_rows_with_their_own_title() -> None:
    assert rows("sigma", term("eventName", "ConsoleLogin"), log=("", "aws", "cloudtrail")) == [
        ("AWS-CloudTrail", "ConsoleLogin", "ConsoleLogin", False)
    ]


def test_many_ids_are_bounded_and_unknown_vendors_say_nothing() -> None:
    node = Or(tuple(term("EventID", str(number)) for number in range(4000, 4900)))
    assert len(classes("sigma", node, log=("", "windows", "security"))) <= common.MAX_IDS
    assert events.resolve(events.Hints("other")) == ()


def test_every_implied_event_has_a_title() -> None:
    for cls, found in common.IMPLIED.items():
        for service, id_ in found:
            assert common.event(cls, service, id_).title, (cls, service, id_)
