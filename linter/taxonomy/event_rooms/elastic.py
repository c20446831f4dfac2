"""Elastic: the dataset, then the event code, then category + operating system + type, then the index, then the tags."""

from __future__ import annotations

from linter.rule import Event, Term
from linter.taxonomy.event_rooms import common
from linter.taxonomy.events import Hints

# Datasets (index patterns without `logs-`, `-*` and `*`), by longest prefix → class, and the provider of its operations.
_DATASETS = {
    "aws.cloudtrail": ("aws:cloudtrail", "AWS-CloudTrail"), "aws_bedrock": ("aws:bedrock", "AWS-Bedrock"),
    "aws": ("aws:any", ""), "azure.activitylogs": ("azure:activitylogs", "Azure-ActivityLogs"),
    "azure.auditlogs": ("azure:auditlogs", "Entra-AuditLogs"), "azure.signinlogs": ("azure:signinlogs", "Entra-SignInLogs"),
    "azure.identity_protection": ("azure:riskdetection", "Entra-RiskDetection"),
    "azure.graphactivitylogs": ("azure:graphactivitylogs", "Graph-ActivityLogs"),
    "azure.aadgraphactivitylogs": ("azure:graphactivitylogs", "Graph-ActivityLogs"),
    "azure.platformlogs": ("azure:platformlogs", "Azure-PlatformLogs"), "azure": ("azure:any", ""),
    "gcp.audit": ("gcp:gcp.audit", "GCP-AuditLog"), "gcp": ("gcp:gcp.audit", "GCP-AuditLog"),
    "o365.audit": ("m365:audit", "M365-AuditLog"), "o365": ("m365:audit", "M365-AuditLog"),
    "okta": ("okta:okta", "Okta-SystemLog"),
    "google_workspace.admin": ("gcp:google_workspace.admin", "GoogleWorkspace-Admin"),
    "google_workspace.login": ("gcp:google_workspace.login", "GoogleWorkspace-Login"),
    "google_workspace": ("gcp:google_workspace", "GoogleWorkspace"), "github": ("github:audit", "GitHub-AuditLog"),
    "kubernetes.audit": ("kubernetes:audit", "Kubernetes-Audit"), "cyberarkpas": ("cyberark:audit", "CyberArk-PAS"),
    "system.auth": ("linux:auth", ""), "system.syslog": ("linux:syslog", ""), "auditd": ("linux:auditd", "auditd"),
    "network_traffic.http": ("network_traffic/http", ""), "network_traffic.tls": ("network_traffic/tls", ""),
    "network_traffic.dns": ("dns/any", ""), "network_traffic": ("network_traffic/any", ""),
    "packetbeat": ("network_traffic/any", ""), "zeek.http": ("zeek:http", ""), "zeek": ("zeek:any", ""),
    "corelight": ("zeek:any", ""), "suricata": ("suricata:any", ""), "nginx": ("webserver/any", ""),
    "apache": ("webserver/any", ""), "iis": ("webserver/any", ""), "traefik": ("webserver/any", ""),
    "apm": ("webserver/any", ""), "traces-apm": ("webserver/any", ""), "panw": ("firewall/any", ""),
    "pfsense": ("firewall/any", ""), "fortinet": ("fortigate:event", ""), "cisco": ("firewall/any", ""),
    "sonicwall": ("firewall/any", ""), "endpoint.alerts": ("alert/any", ""), "elastic_security": ("alert/any", ""),
    ".alerts": ("alert/any", ""), "cloud_defend.alerts": ("alert/any", ""), "crowdstrike.alert": ("alert/any", ""),
    "m365_defender.alert": ("alert/any", ""), "m365_defender.incident": ("alert/any", ""), "sentinel_one.": ("alert/any", ""),
    "microsoft_sentinel": ("alert/any", ""), "google_secops": ("alert/any", ""), "ibm_qradar": ("alert/any", ""),
    "splunk.alert": ("alert/any", ""), "entityanalytics": ("inventory/any", ""),
    "ml_beaconing": ("network_connection/any", ""), "jamf_protect": ("endpoint/macos", ""), "fim": ("file_event/linux", ""),
    "auth0": ("auth0:auth0", ""), "slack": ("slack:audit", ""), "gitlab": ("gitlab:audit", ""), "zoom": ("zoom:webhook", ""),
    "atlassian_bitbucket": ("bitbucket:audit", ""), "cloudflare": ("cloudflare:any", ""),
}  # fmt: skip
_ALERTS = ("alert/any", "")
# Windows datasets and index patterns → Sigma service.
_WINDOWS = {
    "windows.sysmon_operational": "sysmon", "system.security": "security", "windows.powershell_operational": "powershell",
    "windows.powershell": "powershell", "system.system": "system", "system.application": "application",
    "windows.applocker": "applocker", "windows.windows_defender": "windefend", "windows.forwarded": "",
}  # fmt: skip
# Winlogbeat's names of Security events.
_ACTIONS = {
    "logged-in": "4624", "logon-failed": "4625", "logged-in-explicit": "4648", "logged-in-special": "4672",
    "logged-out": "4634", "scheduled-task-created": "4698", "scheduled-task-deleted": "4699",
    "scheduled-task-updated": "4702", "service-installed": "4697", "added-user-account": "4720",
    "enabled-user-account": "4722", "changed-password": "4723", "reset-password": "4724", "disabled-user-account": "4725",
    "deleted-user-account": "4726", "modified-user-account": "4738", "locked-out-user-account": "4740",
    "added-computer-account": "4741", "changed-computer-account": "4742", "renamed-user-account": "4781",
    "user-member-enumerated": "4799", "group-membership-enumerated": "4799",
    "kerberos-authentication-ticket-requested": "4768", "kerberos-service-ticket-requested": "4769",
    "token-right-adjusted": "4703", "privileged-service-called": "4673", "privileged-operation": "4674",
    "audit-log-cleared": "1102", "changed-audit-config": "4719", "directory-service-object-modified": "5136",
    "directory service changes": "5136", "directory service access": "4662", "object-operation-performed": "4662",
    "network-share-object-accessed": "5140", "network-share-object-access-checked": "5145", "detailed file share": "5145",
    "file share": "5140", "registry-value-modified": "4657", "windows-firewall-rule-changed": "4947",
    "added-member-to-group": "4732", "special-group-assigned": "4964", "exported-certificate": "5058",
}  # fmt: skip
_SYSTEMS = {"windows": "windows", "linux": "linux", "macos": "macos", "darwin": "macos"}
_CATEGORIES = frozenset((
    "process", "file", "network", "registry", "library", "driver", "dns", "authentication", "iam", "configuration", "any",
    "web", "api", "intrusion_detection", "session", "host", "security", "malware", "database", "package", "vulnerability",
))  # fmt: skip
_TAGS = {
    "aws": "aws:cloudtrail", "amazon web services": "aws:cloudtrail", "azure": "azure:any", "gcp": "gcp:gcp.audit",
    "google cloud platform": "gcp:gcp.audit", "okta": "okta:okta", "github": "github:audit", "microsoft 365": "m365:audit",
    "google workspace": "gcp:google_workspace", "kubernetes": "kubernetes:audit", "zeek": "zeek:any",
    "network traffic": "network_traffic/any", "network packet capture": "network_traffic/any",
    "microsoft entra id": "azure:any",
}  # fmt: skip


def resolve(hints: Hints) -> list[Event]:
    """The events of an Elastic query (one event of a sequence, if it is one)."""
    found = common.terms(hints.tree)
    indexes = [source.lower() for source in hints.sources if ":" not in source]
    systems = _systems(hints, found, indexes)
    datasets = common.equals(found, "data_stream.dataset", "event.dataset")
    out = [event for name in datasets for event in _dataset(name.lower(), found, hints)]
    if out:
        return out
    modules = [name.lower() for name in common.equals(found, "event.module")]
    kinds = _kinds(hints, found)
    if any(term.field.startswith("kibana.alert") for term in found) or any(name.startswith(".alerts") for name in indexes):
        return [Event(_ALERTS[0], "", "", "", False)]
    if "windows" in systems or not systems:
        out = _windows_ids(found, indexes, kinds)
        if out:
            return out
    clouds = [name for name in modules if name in _DATASETS]
    out = [event for name in clouds for event in _dataset(name, found, hints)]
    if out:
        return out
    if not kinds and "alert" in common.equals(found, "event.kind"):
        return [Event(_ALERTS[0], "", "", "", False)]
    if not kinds and not systems:
        return _by_index(indexes, found, hints)
    out = [event for kind in kinds for system in systems or [""] for event in _category(kind, system, found)]
    if out and (systems or not _single(indexes)):
        return out
    return _by_index(indexes, found, hints) or out


def _systems(hints: Hints, found: list[Term], indexes: list[str]) -> list[str]:
    """The operating systems: from the query, else from the tags (`OS: Windows`), else from what the indexes can only be."""
    named = [
        _SYSTEMS.get(value.lower(), "") for value in common.equals(found, "host.os.type", "host.os.family", "host.os.name")
    ]
    if not named and any(term.field.startswith("winlog.") for term in found):
        named = ["windows"]
    if not named:
        named = [_SYSTEMS.get(tag[4:].lower(), "") for tag in hints.tags if tag.startswith("OS: ")]
    if (
        not named
        and indexes
        and all(name.startswith(("winlogbeat", "logs-windows.", "logs-system.security")) for name in indexes)
    ):
        named = ["windows"]
    return list(dict.fromkeys(name for name in named if name))


def _kinds(hints: Hints, found: list[Term]) -> list[str]:
    """The event categories: the EQL class, else `event.category`, else what the fields can only come from."""
    kinds = [source[4:].lower() for source in hints.sources if source.startswith("eql:")]
    if not kinds or kinds == ["any"]:
        kinds = [value.lower() for value in common.equals(found, "event.category")] or kinds
    kinds = [kind for kind in kinds if kind in _CATEGORIES and kind != "any"]
    if kinds:
        return kinds
    first = {term.field.partition(".")[0] for term in found}
    for field, kind in (("registry", "registry"), ("dll", "library"), ("powershell", "powershell"), ("file", "file"),
                        ("process", "process"), ("dns", "dns"), ("destination", "network")):  # fmt: skip
        if field in first and not (field == "process" and any(source.startswith("eql:") for source in hints.sources)):
            return [kind]
    return []


def _category(kind: str, system: str, found: list[Term]) -> list[Event]:
    """The rows of an event category on an operating system."""
    types = [value.lower() for value in common.equals(found, "event.type")]
    actions = [value.lower() for value in common.equals(found, "event.action", "endgame.event_subtype_full")]
    product = system or "any"
    match kind:
        case "process":
            name = "process_creation"
            if types and all(value == "end" for value in types):
                name = "process_termination"
            elif any("openprocess" in value for value in actions):
                name = "process_access"
            return common.category(name, product)
        case "file":
            name = "file_event"
            if types and all(value == "deletion" for value in types):
                name = "file_delete"
            elif actions and all("rename" in value for value in actions):
                name = "file_rename"
            elif (actions and all(value in ("open", "access", "read") for value in actions)) or types == ["access"]:
                name = "file_access"
            return common.category(name, product)
        case "registry":
            if system not in ("", "windows"):
                return []
            names = {"creation": "registry_add", "deletion": "registry_delete"}
            name = names.get(types[0], "registry_event") if len(types) == 1 else "registry_event"
            return common.category("registry_set" if types == ["change"] else name, "windows")
        case "library":
            return common.category("image_load", product)
        case "driver":
            return common.category("driver_load", product)
        case "powershell":
            return common.category("ps_script", "windows")
        case "dns":
            return common.category("dns_query", product)
        case "network":
            if any(value.startswith("lookup_") for value in actions) or any(
                term.field == "dns.question.name" for term in found
            ):
                return common.category("dns_query", product)
            return common.category("network_connection", product)
    return [Event(f"{kind}/{product}", "", "", "", False)]


def _dataset(name: str, found: list[Term], hints: Hints) -> list[Event]:
    """The rows of a dataset."""
    for prefix, service in _WINDOWS.items():
        if name.startswith(prefix):
            ids = common.equals(found, "event.code", "winlog.event_id") or _action_ids(found, service)
            if not service:
                return []
            if not ids and service == "powershell":
                return common.category("ps_script", "windows")
            return common.windows(service, ids) if ids or service != "sysmon" else []
    if name.startswith("endpoint.events.") or name.startswith("cloud_defend."):
        kind = name.rsplit(".", 1)[1] if name.startswith("endpoint") else name[13:]
        systems = _systems(hints, found, []) or [""]
        return [event for system in systems for event in _category(kind, system, found)] if kind in _CATEGORIES else []
    key = max((prefix for prefix in _DATASETS if name.startswith(prefix)), key=len, default="")
    if not key:
        return []
    cls, provider = _DATASETS[key]
    if cls == "linux:auditd":
        kinds = common.equals(found, "auditd.message_type", "auditd.data.type")
        return [common.event(cls, "auditd", kind.upper()) for kind in kinds] or [Event(cls, "auditd", "", "", False)]
    fields = ("event.action", "azure.activitylogs.operation_name", "azure.auditlogs.operation_name", "okta.event_type",
              "kubernetes.audit.verb", "o365.audit.operation")  # fmt: skip
    return common.operations(cls, provider, common.equals(found, *fields) if provider else [])


def _action_ids(found: list[Term], service: str) -> list[str]:
    if service != "security":
        return []
    actions = common.equals(found, "event.action", "winlog.task")
    return list(dict.fromkeys(_ACTIONS[value.lower()] for value in actions if value.lower() in _ACTIONS))


def _windows_ids(found: list[Term], indexes: list[str], kinds: list[str]) -> list[Event]:
    """The rows of the Windows events that the query names by id or by Winlogbeat's action."""
    services = [
        common.service_of(name) for name in common.equals(found, "winlog.channel", "event.provider", "winlog.provider_name")
    ]
    services = [name for name in services if name]
    ids = [value for value in common.equals(found, "event.code", "winlog.event_id") if value.isdigit()]
    if ids:
        return [event for id_ in ids for event in common.windows(services[0] if services else common.service_for(id_), [id_])]
    actions = _action_ids(found, "security")
    if actions and (not kinds or kinds[0] in ("authentication", "iam", "configuration", "session")):
        return common.windows("security", actions)
    if services and not kinds:
        return common.windows(services[0], [])
    if not kinds and indexes and all("powershell" in name or name.startswith("winlogbeat") for name in indexes):
        return common.category("ps_script", "windows")
    return []


def _bare(index: str) -> str:
    """An index pattern as a dataset."""
    name = index.removeprefix("logs-")
    return name.rstrip("*").rstrip("-").rstrip(".").rstrip("*").rstrip("-")


def _single(indexes: list[str]) -> bool:
    """Whether the index patterns can only hold one product's logs."""
    names = {_bare(name) for name in indexes} - {"filebeat", "auditbeat", "logs", ""}
    keys = {max((prefix for prefix in _DATASETS if name.startswith(prefix)), key=len, default="?") for name in names}
    return bool(keys) and "?" not in keys and len({_DATASETS[key][0].split(":")[0] for key in keys}) == 1


def _by_index(indexes: list[str], found: list[Term], hints: Hints) -> list[Event]:
    """By the index patterns, which may name several products; last by the tags."""
    out: list[Event] = []
    for name in dict.fromkeys(map(_bare, indexes)):
        out += _dataset(name, found, hints)
    if out:
        return list(dict.fromkeys(out))
    tags = [tag.partition(": ")[2].lower() for tag in hints.tags if tag.startswith("Data Source: ")]
    for tag in tags:
        if tag in _TAGS:
            return [Event(_TAGS[tag], "", "", "", False)]
    systems = _systems(hints, found, indexes)
    if any("Machine Learning" in tag or tag == "Rule Type: ML" for tag in hints.tags):
        return [Event(f"anomaly/{systems[0] if len(systems) == 1 else 'any'}", "", "", "", False)]
    if "Rule Type: Threat Match" in hints.tags:
        return [Event("threat_match/any", "", "", "", False)]
    if any(tag.startswith("Domain: LLM") for tag in hints.tags):
        return [Event("llm/any", "", "", "", False)]
    if len(systems) == 1:
        return [Event(f"endpoint/{systems[0]}", "", "", "", False)]
    return []
