"""YARA-L: the product and its own event type, then UDM's event type, then the data source that the rule states."""

from __future__ import annotations

from linter.rule import Event, Term
from linter.taxonomy.event_rooms import common
from linter.taxonomy.events import Hints

_TYPES = {
    "PROCESS_LAUNCH": "process_creation", "PROCESS_OPEN": "process_access", "PROCESS_INJECTION": "create_remote_thread",
    "PROCESS_TERMINATION": "process_termination", "PROCESS_MODULE_LOAD": "image_load",
    "PROCESS_UNCATEGORIZED": "process_creation", "FILE_CREATION": "file_event", "FILE_MODIFICATION": "file_event",
    "FILE_DELETION": "file_delete", "FILE_MOVE": "file_rename", "FILE_COPY": "file_event", "FILE_OPEN": "file_access",
    "FILE_READ": "file_access", "FILE_SYNC": "file_event", "REGISTRY_CREATION": "registry_add",
    "REGISTRY_MODIFICATION": "registry_set", "REGISTRY_DELETION": "registry_delete",
    "NETWORK_CONNECTION": "network_connection",
}  # fmt: skip
_OTHERS = {
    "NETWORK_DNS": "dns/any", "NETWORK_HTTP": "proxy/any", "NETWORK_FLOW": "firewall/any",
    "NETWORK_UNCATEGORIZED": "firewall/any", "NETWORK_FTP": "firewall/any", "NETWORK_SMTP": "email/any",
    "EMAIL_TRANSACTION": "email/any", "EMAIL_UNCATEGORIZED": "email/any", "EMAIL_URL_CLICK": "email/any",
    "USER_LOGIN": "authentication/any", "USER_LOGOUT": "authentication/any", "USER_UNCATEGORIZED": "user_management/any",
    "USER_CREATION": "user_management/any", "USER_DELETION": "user_management/any",
    "USER_CHANGE_PERMISSIONS": "user_management/any", "USER_CHANGE_PASSWORD": "user_management/any",
    "USER_RESOURCE_ACCESS": "resource/any", "USER_RESOURCE_CREATION": "resource/any",
    "USER_RESOURCE_DELETION": "resource/any", "USER_RESOURCE_UPDATE_CONTENT": "resource/any",
    "USER_RESOURCE_UPDATE_PERMISSIONS": "resource/any", "RESOURCE_CREATION": "resource/any",
    "RESOURCE_DELETION": "resource/any", "RESOURCE_WRITTEN": "resource/any", "RESOURCE_READ": "resource/any",
    "RESOURCE_PERMISSIONS_CHANGE": "resource/any", "GROUP_CREATION": "user_management/any",
    "GROUP_DELETION": "user_management/any", "GROUP_MODIFICATION": "user_management/any", "SETTING_CREATION": "setting/any",
    "SETTING_MODIFICATION": "setting/any", "SETTING_DELETION": "setting/any", "STATUS_UPDATE": "status/any",
    "SCAN_UNCATEGORIZED": "alert/any", "SCAN_FILE": "antivirus/any", "SCAN_HOST": "alert/any", "SCAN_NETWORK": "alert/any",
    "SYSCALL": "linux:auditd", "GENERIC_EVENT": "generic/any",
}  # fmt: skip
_WINDOWS_TYPES = {
    "SERVICE_CREATION": ("system", "7045"), "SYSTEM_AUDIT_LOG_WIPE": ("security", "1102"),
    "SCHEDULED_TASK_CREATION": ("security", "4698"), "SCHEDULED_TASK_MODIFICATION": ("security", "4702"),
    "SCHEDULED_TASK_DELETION": ("security", "4699"),
}  # fmt: skip
# What product, vendor or log type names mean, the longest that occurs in them wins → class, provider of its operations.
_PRODUCTS = {
    "aws cloudtrail": ("aws:cloudtrail", "AWS-CloudTrail"), "aws_cloudtrail": ("aws:cloudtrail", "AWS-CloudTrail"),
    "aws guardduty": ("aws:guardduty", ""), "amazon": ("aws:cloudtrail", "AWS-CloudTrail"),
    "aws": ("aws:cloudtrail", "AWS-CloudTrail"), "azure ad directory audit": ("azure:auditlogs", "Entra-AuditLogs"),
    "azure_ad_audit": ("azure:auditlogs", "Entra-AuditLogs"), "azure activity": ("azure:activitylogs", "Azure-ActivityLogs"),
    "azure_activity": ("azure:activitylogs", "Azure-ActivityLogs"), "azure ad": ("azure:signinlogs", "Entra-SignInLogs"),
    "azure_ad": ("azure:signinlogs", "Entra-SignInLogs"), "microsoft graph activity": ("azure:graphactivitylogs", ""),
    "entra": ("azure:auditlogs", "Entra-AuditLogs"), "office 365": ("m365:audit", "M365-AuditLog"),
    "office_365": ("m365:audit", "M365-AuditLog"), "microsoft 365": ("m365:audit", "M365-AuditLog"),
    "exchange": ("m365:audit", "M365-AuditLog"), "okta": ("okta:okta", "Okta-SystemLog"),
    "github": ("github:audit", "GitHub-AuditLog"), "onelogin": ("onelogin:onelogin.events", "OneLogin"),
    "google workspace": ("gcp:google_workspace", "GoogleWorkspace"), "google cloud": ("gcp:gcp.audit", "GCP-AuditLog"),
    "gcp_cloudaudit": ("gcp:gcp.audit", "GCP-AuditLog"), "gcp": ("gcp:gcp.audit", "GCP-AuditLog"),
    "security command center": ("alert/any", ""), "chrome management": ("chrome:management", ""),
    "bigquery": ("gcp:gcp.audit", "GCP-AuditLog"), "workspace": ("gcp:google_workspace", "GoogleWorkspace"),
    "kubernetes": ("kubernetes:audit", "Kubernetes-Audit"), "gcti": ("threat_intelligence/any", ""),
    "misp": ("threat_intelligence/any", ""), "virustotal": ("threat_intelligence/any", ""),
    "whois": ("threat_intelligence/any", ""), "safe browsing": ("threat_intelligence/any", ""),
    "threat intelligence": ("threat_intelligence/any", ""), "sap": ("sap:audit", ""), "zscaler": ("proxy/any", ""),
    "squid": ("proxy/any", ""), "firewall": ("firewall/any", ""), "palo": ("firewall/any", ""),
    "fortinet": ("fortigate:event", ""), "zeek": ("zeek:any", ""), "linux": ("linux:auditd", "auditd"),
    "auditd": ("linux:auditd", "auditd"), "vmware": ("vmware:esxi", ""),
}  # fmt: skip
_WORKSPACE = {"admin", "drive", "login", "gmail", "token", "calendar", "meet", "groups", "user_accounts"}
_CHANNELS = {"microsoft-windows-sysmon": "sysmon", "sysmon": "sysmon", "powershell": "powershell", "esent": "application"}


def resolve(hints: Hints) -> list[Event]:
    """The events of one event variable of a YARA-L rule."""
    found = common.terms(hints.tree)
    own = common.equals(found, "metadata.product_event_type")
    types = [value.upper() for value in common.equals(found, "metadata.event_type")]
    names = common.equals(
        found, "metadata.product_name", "metadata.vendor_name", "metadata.log_type", "metadata.base_labels.log_types"
    )
    channels = [_CHANNELS.get(name.lower()) or common.service_of(name) for name in names]
    stated = [source[12:] for source in hints.sources if source.startswith("data_source:")]
    ids = [value for value in own if value.isdigit()]
    if ids and not any(_product(name) for name in names):
        return [row for id_ in ids for row in _id(id_, types, [name for name in channels if name])]
    if any("graph activity" in value.lower() for value in own) and not names:
        return [Event("azure:graphactivitylogs", "Graph-ActivityLogs", "", "", False)]
    entity = any(term.field.startswith("graph.") for term in found)
    for name in names:
        key = _product(name)
        if key:
            cls, provider = _PRODUCTS[key]
            return common.operations(cls, provider, own if provider else [])
    if any(name.lower() in _WORKSPACE for name in names) and not types:
        return common.operations("gcp:google_workspace", "GoogleWorkspace", own)
    out = [row for value in types for row in _type(value, found)]
    if not out and not names and not entity:
        for name in stated:
            key = _product(name)
            if key:
                return common.operations(_PRODUCTS[key][0], _PRODUCTS[key][1], own if _PRODUCTS[key][1] else [])
    if out:
        return out
    if any(name.lower() in _WORKSPACE for name in names):
        return common.operations("gcp:google_workspace", "GoogleWorkspace", own)
    if entity:
        return [Event("threat_intelligence/any", "", "", "", False)]
    return _by_fields(found) or [Event(cls, "", "", "", False) for cls in _stated(stated)]


def _product(name: str) -> str:
    low = name.lower()
    return max((key for key in _PRODUCTS if key in low), key=len, default="")


def _id(id_: str, types: list[str], channels: list[str]) -> list[Event]:
    """The rows of a Windows event id."""
    service = channels[0] if channels else common.service_for(id_)
    if service == "sysmon" and id_ == "1" and types and all(value.startswith("SERVICE") for value in types):
        service = "system"
    return common.windows(service, [id_])


def _system(found: list[Term]) -> str:
    """The operating system that paths and the asset's platform speak of."""
    for value in common.equals(found, "principal.asset.platform_software.platform", "principal.platform", "target.platform"):
        if value.lower() in ("windows", "linux", "mac"):
            return {"mac": "macos"}.get(value.lower(), value.lower())
    unix = [
        term
        for term in found
        if term.field.endswith(("full_path", "command_line")) and "/" in term.value and "\\" not in term.value
    ]
    if any("/bin/" in term.value or "/etc/" in term.value or "/tmp/" in term.value for term in unix):
        return "linux"
    return "windows"


def _type(value: str, found: list[Term]) -> list[Event]:
    """The rows of a UDM event type."""
    if value in _TYPES:
        system = _system(found)
        return common.category(_TYPES[value], system)
    if value in _WINDOWS_TYPES:
        service, id_ = _WINDOWS_TYPES[value]
        return [common.event(common.windows_class(service, id_), service, id_, True)]
    if value in _OTHERS:
        return [Event(_OTHERS[value], "", "", "", False)]
    if "." not in value and value.replace("_", "").isalpha():
        return [Event(f"{value.lower()}/any", "", "", "", False)]
    return []


def _by_fields(found: list[Term]) -> list[Event]:
    """Where no type is named: by what only one kind of event has."""
    fields = {term.field for term in found}
    if any(field.startswith("target.registry.") for field in fields):
        return common.category("registry_event", "windows")
    if "target.process.command_line" in fields or "target.process.file.full_path" in fields:
        return common.category("process_creation", _system(found))
    if any(field.startswith("network.dns.") for field in fields):
        return [Event("dns/any", "", "", "", False)]
    if "principal.process.command_line" in fields or "principal.process.file.full_path" in fields:
        return common.category("process_creation", _system(found))
    if any(field.startswith("network.http.") or field == "target.url" for field in fields):
        return [Event("proxy/any", "", "", "", False)]
    if any(field.startswith(("target.file.", "src.file.")) for field in fields):
        return common.category("file_event", _system(found))
    if any(field in ("target.ip", "principal.ip", "target.port", "target.hostname") for field in fields):
        return [Event("network_connection/any", "", "", "", False)]
    if any(field.startswith("security_result.") for field in fields):
        return [Event("alert/any", "", "", "", False)]
    return []


def _stated(stated: list[str]) -> list[str]:
    """Classes of the data sources that the rule states."""
    out = []
    for name in stated:
        low = name.lower()
        if "windows" in low or "sysmon" in low:
            out.append("windows:any")
        elif "edr" in low:
            out.append("process_creation/any")
    return out
