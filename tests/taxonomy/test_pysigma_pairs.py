"""Development only: what pySigma's pipelines map is accepted by our tables, or overridden here with a reason."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from linter.taxonomy import fields, schemas
from tests.shared import SHARED, needs_shared

VENDORS = {
    "ecs_windows": "elastic", "ecs_windows_old": "elastic", "ecs_zeek_beats": "elastic", "ecs_zeek_corelight": "elastic",
    "ecs_macos_esf": "elastic", "ecs_kubernetes": "elastic", "splunk_cim": "splunk", "splunk_windows": "splunk",
    "sentinel_asim": "kusto", "azure_monitor": "kusto", "microsoft_xdr": "kusto", "secops": "yaral",
}  # fmt: skip
# Not vocabularies of one of the five vendors: raw Zeek logs, another schema, channels instead of fields.
OTHERS = {"ocsf", "zeek_raw", "windows_audit"}
CATEGORIES = {
    "image_loaded": "image_load", "driver_loaded": "driver_load", "registry_set": "registry_event",
    "registry_add": "registry_event",
    "registry_delete": "registry_event", "powershell-classic": "ps_classic_start", "security": "windows:security",
}  # fmt: skip
TABLES = {
    "imRegistry": "registry_event", "_Im_Dns": "dns_query", "imProcessCreate": "process_creation", "imFileEvent": "file_event",
    "imNetworkSession": "network_connection", "DeviceRegistryEvents": "registry_event", "imAuthentication": "authentication",
}  # fmt: skip
UDM = {
    "process": ("process_creation",), "network": ("network_connection",), "registry": ("registry_event",),
    "file": ("file_event",),
    "dns": ("dns_query", "dns"), "authentication": ("windows:security",), "common": (),
}  # fmt: skip
# (package, scope, Sigma's field, vendor's field, why ours differs); patterns as in fnmatch.
OVERRIDES = (
    *(
        ("secops", "common", "*", name, "the plug-in's own placeholder, resolved later; no UDM field")
        for name in ("file_path", "hash", "ip", "hostname", "user", "domain", "process_id")
    ),
    ("ecs_zeek_*", "zeek", "*", "*", "Zeek's own names in a generic pipeline; ours join HTTP, DNS and connections only"),
    ("ecs_kubernetes", "*", "*", "*", "the plug-in's short names; Sigma's rules write the audit log's own paths, as ours are"),
    ("ecs_macos_esf", "*", "*", "*", "names of Endpoint Security events that no Sigma rule uses"),
    ("*", "*", "Device", "file.path", "Device is the volume of a raw read, file.path a file"),
    ("*", "*", "FileName", "file.path", "file access is a category of its own; file.path is TargetFilename by default"),
    ("*", "*", "ImageLoaded", "file.path", "file.path is ImageLoaded only where libraries or drivers are loaded"),
    ("*", "*", "ScriptName", "file.path", "a script's own path is no target of a file event"),
    ("*", "*", "PipeName", "file.name", "file.name is PipeName only for pipe events"),
    ("*", "*", "Source*", "process.*", "the source process only in process_access and create_remote_thread"),
    ("*", "*", "Destination", "process.executable*", "a WMI consumer's destination is no process of the event"),
    ("*", "*", "Application", "process.executable*", "Image by another name, in Windows Filtering Platform events only"),
    ("*", "*", "ProcessName", "*", "Image by another name, in Security events only"),
    ("*", "*", "NewProcessId", "*", "ProcessId by another name, in Security 4688 only"),
    ("*", "*", "Host*", "process.*", "of the PowerShell host, not of the event's process"),
    ("*", "*", "ProviderName", "*", "the provider of a PowerShell drive there, of an event here"),
    ("*", "*", "Payload", "powershell.file.script_block_text", "module logging is not script block logging"),
    ("*", "*", "*LogonId", "winlog.logon.id", "one ECS field for two; LogonId stands for both"),
    ("*", "*", "Account*", "user.*", "User by another name, outside Security events"),
    ("*", "*", "TargetDomainName", "user.domain", "user.domain is the subject's outside logons"),
    ("*", "*", "*Address", "*.ip", "SourceIp or DestinationIp by another name, in Security events only"),
    ("*", "*", "DestPort", "destination.port", "DestinationPort by another name, in Security events only"),
    ("*", "*", "Ip*", "*", "SourceIp and SourcePort by another name, in Security events only"),
    ("*", "*", "ClientName", "source.domain", "SourceHostname by another name"),
    ("*", "*", "WorkstationName", "*", "a NetBIOS name that the client states; kept apart from resolved host names"),
    ("*", "*", "SourceHostname", "*", "the machine that reports, not a resolved name of the source"),
    ("*", "*", "SequenceNumber", "event.sequence", "event.* keeps its native names"),
    ("splunk_cim", "network/dns", "*", "*", "the pair's left side is ECS, not Sigma's taxonomy"),
    ("splunk_cim", "proxy", "cs-host", "Web.dest", "the server's address or name; cs-host is Web.site"),
    ("splunk_cim", "*", "CreationUtcTime", "*", "a time that no rule compares; kept native"),
    ("microsoft_xdr", "*", "ObjectName", "*", "TargetFilename or TargetObject by another name"),
    ("microsoft_xdr", "*", "SourceImage", "*", "InitiatingProcess* is Image outside DeviceProcessEvents"),
    ("microsoft_xdr", "*", "EventType", "ActionType", "ActionType is an event selector of its own"),
    ("microsoft_xdr", "*", "User", "RequestAccountName", "the account of a remote request; kept native"),
    ("microsoft_xdr", "*", "ParentCommandLine", "InitiatingProcessParentCommandLine", "no such column in Defender's schema"),
    ("sentinel_asim", "imFileEvent", "*", "TargetFilePath", "TargetFilename, whatever else the pipeline offers for it"),
    ("sentinel_asim", "imFileEvent", "*", "ActingProcess*", "the acting process of a file event is Image, not its parent"),
    ("sentinel_asim", "*", "*Image", "*Process*", "Source and Target only where a process reaches into another"),
    ("sentinel_asim", "*", "*Process[IG]*", "*Process*", "ids of the same processes, as above"),
    ("sentinel_asim", "*", "InitiatingProcess*", "*", "the pair's left side is Defender's column, not Sigma's taxonomy"),
    ("sentinel_asim", "*", "ProcessVersionInfo*", "*", "the pair's left side is Defender's column, not Sigma's taxonomy"),
    ("sentinel_asim", "*", "OriginalFileName", "TargetProcessFilename", "the file's name, not the name in its resources"),
    ("sentinel_asim", "*", "GrantedAccess", "*", "token elevation is no access mask"),
    ("sentinel_asim", "*", "CallTrace", "*", "an address is no call trace"),
    ("sentinel_asim", "imAuditEvent", "*", "*", "audit events are kept native, apart from address and user"),
    ("sentinel_asim", "*", "*User*", "*Username", "the actor is User, the target TargetUserName, whoever the event is about"),
    ("sentinel_asim", "*", "*", "Event*", "ASIM's own event columns are kept native"),
    ("sentinel_asim", "*", "Dvc*", "*", "the pair's left side is ASIM's column, not Sigma's taxonomy"),
    ("sentinel_asim", "*", "Device*", "*", "the pair's left side is Defender's or CEF's column"),
    ("sentinel_asim", "*", "ComputerName", "*", "source and destination hosts, not the machine that reports"),
    ("sentinel_asim", "*", "userAgent", "HttpUserAgent", "c-useragent; userAgent is CloudTrail's"),
    ("sentinel_asim", "*", "cs-*", "*", "cookie, version and method of the network schema are not those of the web"),
    ("sentinel_asim", "imWebSession", "*", "*", "several names for one column of the web"),
    ("sentinel_asim", "*", "c-uri*", "*", "one column for the whole URL"),
    ("sentinel_asim", "imRegistry", "*", "*", "TargetObject, Details and their type; Security 4657 has its own names"),
    ("sentinel_asim", "*", "*", "*", "kept native: sessions, ids, counters and descriptions no rule compares"),
    ("azure_monitor", "SecurityEvent", "*", "*", "SecurityEvent has Windows' own names, which ours keep"),
    ("azure_monitor", "SigninLogs", "*", "*", "a cloud log keeps its native names"),
    ("secops", "*", "AccessMask", "*", "of a process: GrantedAccess"),
    ("secops", "*", "ServiceName", "target.process.*", "a program's path is no service's name"),
    ("secops", "*", "CurrentDirectory", "*", "the path of the process, not where it was started"),
    ("secops", "*", "OriginalFileName", "*", "the path of the file; the name in its resources is src.process.file.full_path"),
    ("secops", "*", "*User*", "*", "the principal is User, in Security events SubjectUserName; the target TargetUserName"),
    ("secops", "*", "ObjectName", "target.file.*", "TargetFilename by another name"),
    ("secops", "file", "*Name", "target.file.names", "TargetFilename, old or new"),
    ("secops", "authentication", "TargetServerName", "*", "DestinationHostname by another name"),
    ("secops", "registry", "*", "*", "TargetObject, whatever else the plug-in offers for it"),
    ("secops", "*", "LogonGuid", "*", "kept native"),
    ("secops", "*", "Provider_Name", "metadata.*", "UDM's own metadata is kept native"),
)  # fmt: skip


def words(package: str, scope: str) -> tuple[str, ...]:
    out: list[str] = []
    for part in scope.split("|"):
        if package == "secops":
            out += [*UDM[part], "windows"]
        elif "/" in part:
            product, category = part.split("/")
            out += [CATEGORIES.get(category, category), product]
        elif VENDORS[package] == "kusto":
            out += [part.lower(), "windows", TABLES.get(part, "any")]
        else:
            out += [part, f"{part}/any"]
    return tuple(dict.fromkeys(out))


@needs_shared
def test_every_pair_is_accepted_or_overridden() -> None:
    pairs = json.loads((SHARED / "data" / "pysigma_pipeline_pairs.json").read_text(encoding="utf-8"))
    accepted, differing, left = 0, set(), []
    for package, scope, sigma, vendor in pairs:
        if package in OTHERS:
            continue
        have = words(package, scope)
        ours = schemas.base(fields.lookup(VENDORS[package], vendor, have).canonical)
        theirs = schemas.base(fields.lookup("sigma", sigma, have).canonical)
        if ours.lower() == theirs.lower():
            accepted += 1
            continue
        for number, row in enumerate(OVERRIDES):
            if all(fnmatchcase(text, pattern) for text, pattern in zip((package, scope, sigma, vendor), row[:4], strict=True)):
                differing.add(number)
                break
        else:
            left.append((package, scope, sigma, vendor, ours))
    assert not left
    assert accepted >= 450
    assert differing == set(range(len(OVERRIDES))), "an override that overrides nothing"
