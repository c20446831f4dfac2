"""What the rooms share: classes of Windows events, the rows a category implies, titles, and terms looked up in a tree."""

from __future__ import annotations

from functools import lru_cache

from linter.rule import GROUPS, Event, Node, Not, Term
from linter.taxonomy import tables

MAX_IDS = 60  # events listed for one query; the rest is the service's class

# Categories whose events differ only in what happened to the object share a class; the rows tell them apart.
_MERGED = {
    "registry_set": "registry_event", "registry_add": "registry_event", "registry_delete": "registry_event",
    "registry_rename": "registry_event", "ps_classic_provider_start": "ps_classic_start",
}  # fmt: skip
# (Windows service, event id) → the Sigma category that means it.
CATEGORY_OF = {
    ("sysmon", "1"): "process_creation", ("sysmon", "2"): "file_change", ("sysmon", "3"): "network_connection",
    ("sysmon", "4"): "sysmon_status", ("sysmon", "5"): "process_termination", ("sysmon", "6"): "driver_load",
    ("sysmon", "7"): "image_load", ("sysmon", "8"): "create_remote_thread", ("sysmon", "9"): "raw_access_thread",
    ("sysmon", "10"): "process_access", ("sysmon", "11"): "file_event", ("sysmon", "12"): "registry_event",
    ("sysmon", "13"): "registry_event", ("sysmon", "14"): "registry_event", ("sysmon", "15"): "create_stream_hash",
    ("sysmon", "16"): "sysmon_status", ("sysmon", "17"): "pipe_created", ("sysmon", "18"): "pipe_created",
    ("sysmon", "19"): "wmi_event", ("sysmon", "20"): "wmi_event", ("sysmon", "21"): "wmi_event", ("sysmon", "22"): "dns_query",
    ("sysmon", "23"): "file_delete", ("sysmon", "25"): "process_tampering", ("sysmon", "26"): "file_delete",
    ("sysmon", "29"): "file_executable_detected", ("sysmon", "255"): "sysmon_error",
    ("security", "4688"): "process_creation", ("security", "4657"): "registry_event",
    ("powershell", "4103"): "ps_module", ("powershell", "4104"): "ps_script",
    ("powershell-classic", "400"): "ps_classic_start", ("powershell-classic", "600"): "ps_classic_start",
}  # fmt: skip
# What can serve a category: (product, service, id) each, or (Defender table, ActionType).
IMPLIED: dict[str, tuple[tuple[str, str], ...]] = {
    "process_creation/windows": (("sysmon", "1"), ("security", "4688"), ("DeviceProcessEvents", "ProcessCreated")),
    "process_creation/linux": (("sysmon-linux", "1"), ("auditd", "EXECVE")),
    "process_creation/macos": (("endpoint-security", "ES_EVENT_TYPE_NOTIFY_EXEC"),),
    "file_event/windows": (("sysmon", "11"), ("DeviceFileEvents", "FileCreated")),
    "file_event/linux": (("sysmon-linux", "11"), ("auditd", "PATH")),
    "file_event/macos": (("endpoint-security", "ES_EVENT_TYPE_NOTIFY_CREATE"),),
    "file_change/windows": (("sysmon", "2"),),
    "file_delete/windows": (("sysmon", "23"), ("sysmon", "26"), ("DeviceFileEvents", "FileDeleted")),
    "file_rename/windows": (("DeviceFileEvents", "FileRenamed"),),
    "file_access/windows": (("security", "4663"),),
    "file_executable_detected/windows": (("sysmon", "29"),),
    "network_connection/windows": (("sysmon", "3"), ("security", "5156"), ("DeviceNetworkEvents", "ConnectionSuccess")),
    "network_connection/linux": (("sysmon-linux", "3"),),
    "image_load/windows": (("sysmon", "7"), ("DeviceImageLoadEvents", "ImageLoaded")),
    "driver_load/windows": (("sysmon", "6"), ("DeviceEvents", "DriverLoad")),
    "create_remote_thread/windows": (("sysmon", "8"), ("DeviceEvents", "CreateRemoteThreadApiCall")),
    "raw_access_thread/windows": (("sysmon", "9"),),
    "process_access/windows": (("sysmon", "10"), ("DeviceEvents", "OpenProcessApiCall")),
    "process_termination/windows": (("sysmon", "5"), ("security", "4689")),
    "process_tampering/windows": (("sysmon", "25"),),
    "registry_event/windows": (("sysmon", "12"), ("sysmon", "13"), ("sysmon", "14"), ("security", "4657")),
    "registry_set/windows": (("sysmon", "13"), ("security", "4657"), ("DeviceRegistryEvents", "RegistryValueSet")),
    "registry_add/windows": (("sysmon", "12"), ("DeviceRegistryEvents", "RegistryKeyCreated")),
    "registry_delete/windows": (("sysmon", "12"), ("DeviceRegistryEvents", "RegistryKeyDeleted")),
    "registry_rename/windows": (("sysmon", "14"),),
    "create_stream_hash/windows": (("sysmon", "15"),),
    "pipe_created/windows": (("sysmon", "17"), ("sysmon", "18"), ("DeviceEvents", "NamedPipeEvent")),
    "wmi_event/windows": (("sysmon", "19"), ("sysmon", "20"), ("sysmon", "21")),
    "dns_query/windows": (("sysmon", "22"), ("DeviceEvents", "DnsQueryResponse")),
    "sysmon_status/windows": (("sysmon", "4"), ("sysmon", "16")),
    "sysmon_error/windows": (("sysmon", "255"),),
    "ps_script/windows": (("powershell", "4104"),),
    "ps_module/windows": (("powershell", "4103"),),
    "ps_classic_start/windows": (("powershell-classic", "400"),),
    "ps_classic_provider_start/windows": (("powershell-classic", "600"),),
}  # fmt: skip
# A service's provider, where titles don't say; `windows` services that are not here are named after their channel.
PROVIDERS = {
    "sysmon": "Sysmon", "security": "Security-Auditing", "system": "System", "application": "Application",
    "powershell": "PowerShell", "powershell-classic": "PowerShell-Classic", "sysmon-linux": "Sysmon-Linux", "auditd": "auditd",
    "endpoint-security": "Endpoint-Security", "windefend": "Windows-Defender",
}  # fmt: skip


def _title(service: str, id_: str) -> tuple[str, str]:
    """(provider, title) of an event, from `data/events.tsv`; empty where it has none."""
    cells = tables.line("events.tsv", f"{service}\t{id_}").split("\t")
    return (cells[2], cells[3]) if len(cells) == 4 else ("", "")


def windows_class(service: str, id_: str = "") -> str:
    """The class of a Windows event."""
    category = CATEGORY_OF.get((service, id_))
    if category:
        return f"{category}/windows"
    return f"windows:{service}:{id_}" if id_ else f"windows:{service}"


@lru_cache(maxsize=16384)
def event(cls: str, service: str, id_: str, implied: bool = False) -> Event:
    """The row of an event: its provider and title as the tables have them; the id is the title where none is known."""
    if service[:1].isupper():  # a Defender table
        return Event(cls, f"Defender-{service}", id_, defender_title(id_), implied)
    provider, title = _title(service, id_)
    return Event(cls, provider or PROVIDERS.get(service, service), id_, title, implied)


def defender_title(action: str) -> str:
    """A Defender ActionType in words: `InboundConnectionAccepted` is "Inbound connection accepted"."""
    out: list[str] = []
    for at, char in enumerate(action):
        if char.isupper() and at and (not action[at - 1].isupper() or action[at + 1 : at + 2].islower()):
            out.append(" ")
            following = action[at + 1 : at + 2]
            out.append(char if following.isupper() else char.lower())
        else:
            out.append(char)
    return "".join(out)


def windows(service: str, ids: list[str]) -> list[Event]:
    """The rows of a Windows service's events; the service alone when no id is named."""
    if not ids:
        return [Event(f"windows:{service}", PROVIDERS.get(service, service), "", "", False)]
    return [event(windows_class(service, id_), service, id_) for id_ in ids[:MAX_IDS]]


def category(name: str, product: str) -> list[Event]:
    """The rows of a Sigma category: what can serve it, marked implied, or the class alone."""
    full = f"{name}/{product or 'any'}"
    cls = f"{_MERGED.get(name, name)}/{product or 'any'}"
    rows = IMPLIED.get(full)
    if rows is None:
        return [Event(cls, "", "", "", False)]
    return [event(cls, service, id_, True) for service, id_ in rows]


def terms(tree: Node | None, limit: int = 20000) -> list[Term]:
    """The terms of a tree that stand under no NOT, in order, at most `limit`."""
    out: list[Term] = []
    stack: list[Node] = [tree] if tree is not None else []
    while stack and len(out) < limit:
        at = stack.pop()
        if isinstance(at, GROUPS):
            stack.extend(reversed(at.items))
        elif isinstance(at, Not):
            continue
        elif isinstance(at, Term):
            out.append(at)
    return out


def equals(found: list[Term], *names: str) -> list[str]:
    """The values that terms of these fields (lower case) are tested to equal, each once, in order."""
    return list(dict.fromkeys(term.value for term in found if term.op == "eq" and term.field.lower() in names and term.value))


def operations(cls: str, provider: str, names: list[str]) -> list[Event]:
    """The rows of a cloud log's operations, each its own title; the log alone when none is named."""
    if not names:
        return [Event(cls, provider, "", "", False)]
    return [Event(cls, provider, name, name, False) for name in names[:MAX_IDS]]


_CHANNELS = {
    "microsoft-windows-sysmon": "sysmon", "microsoft-windows-sysmon/operational": "sysmon", "sysmon": "sysmon",
    "microsoft-windows-security-auditing": "security", "security": "security", "system": "system",
    "service control manager": "system", "application": "application", "windows powershell": "powershell-classic",
    "powershell": "powershell-classic", "microsoft-windows-powershell": "powershell",
    "microsoft-windows-powershell/operational": "powershell", "powershellcore/operational": "powershell",
    "microsoft-windows-windows defender": "windefend", "microsoft-windows-windows defender/operational": "windefend",
    "microsoft-windows-eventlog": "security", "msiinstaller": "application", "dns server": "dns-server",
    "microsoft-windows-taskscheduler": "taskscheduler", "microsoft-windows-taskscheduler/operational": "taskscheduler",
}  # fmt: skip


def service_of(name: str) -> str:
    """The Sigma service of a Windows channel or provider name (any case); "" when it is not known."""
    return _CHANNELS.get(name.lower(), "")


def service_for(id_: str) -> str:
    """The Windows service of an event id whose channel is not named: Security before the others; Sysmon below 30."""
    if id_.isdigit() and int(id_) < 30:
        return "sysmon"
    for service in (
        "security",
        "powershell",
        "system",
        "powershell-classic",
        "windefend",
        "taskscheduler",
        "ntlm",
        "application",
    ):
        if _title(service, id_)[1]:
            return service
    return "security"
