"""Splunk: the data sources that the rule states, then EventCode with its macro, then the data model, then macros alone."""

from __future__ import annotations

from linter.rule import Event, Term
from linter.taxonomy.event_rooms import common
from linter.taxonomy.events import Hints

# Beginnings of Splunk's data source names (lower case; the longest wins) → class, and the provider whose operation follows.
_SOURCES = {
    "aws cloudtrail": ("aws:cloudtrail", "AWS-CloudTrail"), "aws cloudwatchlogs": ("aws:vpcflow", ""),
    "aws security hub": ("aws:securityhub", ""), "asl aws cloudtrail": ("aws:cloudtrail", "AWS-CloudTrail"),
    "azure active directory sign-in activity": ("azure:signinlogs", "Entra-SignInLogs"),
    "azure active directory microsoftgraphactivitylogs": ("azure:graphactivitylogs", "Graph-ActivityLogs"),
    "azure active directory noninteractive": ("azure:signinlogs", "Entra-SignInLogs"),
    "azure active directory": ("azure:auditlogs", "Entra-AuditLogs"),
    "azure audit": ("azure:activitylogs", "Azure-ActivityLogs"),
    "azure monitor activity": ("azure:activitylogs", "Azure-ActivityLogs"), "o365 universal audit log": ("m365:audit", ""),
    "office 365 universal audit log": ("m365:audit", ""), "o365": ("m365:audit", "M365-AuditLog"),
    "office 365": ("m365:audit", "M365-AuditLog"), "m365 copilot": ("m365:copilot", ""), "okta": ("okta:okta", ""),
    "pingid": ("pingid:audit", ""), "g suite": ("gcp:google_workspace", ""),
    "google workspace": ("gcp:google_workspace", "GoogleWorkspace"), "google cloud platform": ("gcp:gcp.audit", ""),
    "github": ("github:audit", ""), "kubernetes": ("kubernetes:audit", ""), "circleci": ("circleci:audit", ""),
    "suricata": ("suricata:any", ""), "nginx": ("webserver/any", ""), "windows iis": ("webserver/any", ""),
    "palo alto": ("firewall/any", ""), "cisco asa": ("firewall/any", ""), "cisco secure firewall": ("firewall/any", ""),
    "cisco network visibility": ("network_connection/windows", ""), "cisco secure access": ("firewall/any", ""),
    "cisco ios": ("cisco:syslog", ""), "cisco sd-wan": ("cisco:syslog", ""), "cisco ai": ("llm/any", ""),
    "cisco duo": ("cisco:duo", ""), "cisco isovalent": ("process_creation/linux", ""),
    "splunk stream http": ("network_traffic/http", ""), "splunk stream": ("network_traffic/any", ""), "bro": ("zeek:any", ""),
    "zeek": ("zeek:any", ""), "osquery": ("osquery:any", ""), "linux secure": ("linux:auth", ""),
    "windows active directory admon": ("windows:admon", ""), "windows defender alerts": ("alert/any", ""),
    "microsoft defender": ("alert/any", ""), "ms365 defender": ("alert/any", ""), "ms defender": ("alert/any", ""),
    "crowdstrike falcon": ("alert/any", ""), "authentication events": ("authentication/any", ""),
    "ivanti": ("webserver/any", ""), "crushftp": ("crushftp:any", ""), "vmware esxi": ("vmware:esxi", ""),
    "snyk": ("snyk:any", ""), "splunk": ("splunk:any", ""), "zscaler": ("proxy/any", ""), "f5": ("webserver/any", ""),
    "citrix": ("webserver/any", ""), "mcp server": ("llm/any", ""), "ollama": ("llm/any", ""),
}  # fmt: skip
# Beginnings that an event id follows → Windows service.
_WINDOWS = {
    "sysmon eventid": "sysmon", "windows event log security": "security", "windows security": "security",
    "windows event log system": "system", "powershell script block logging": "powershell",
    "powershell installed iis modules": "powershell", "windows event log defender": "windefend",
    "windows event log application": "application", "ntlm operational": "ntlm", "windows event log capi2": "capi2",
    "windows event log printservice": "printservice-operational", "windows event log taskscheduler": "taskscheduler",
    "windows event log certificateservicesclient": "certificateservicesclient-lifecycle-system",
    "windows event log remoteconnectionmanager": "terminalservices-remoteconnectionmanager",
    "windows iis": "iis-configuration", "windows event log applocker": "applocker",
    "windows event log appxdeployment-server": "appxdeployment-server", "windows event log appxpackaging": "appxpackaging-om",
    "windows event log microsoft windows terminalservices rdpclient": "rdp-client", "windows event log wmi-activity": "wmi",
    "windows event log hyper-v": "hyper-v",
}  # fmt: skip
_AUDITD = {
    "execve": "EXECVE", "proctitle": "PROCTITLE", "syscall": "SYSCALL", "path": "PATH", "cwd": "CWD",
    "service stop": "SERVICE_STOP", "add user": "ADD_USER", "daemon abort": "DAEMON_ABORT", "daemon end": "DAEMON_END",
    "daemon start": "DAEMON_START",
}  # fmt: skip
_MACROS = {
    "wineventlog_security": "security", "wineventlog_system": "system", "wineventlog_application": "application",
    "sysmon": "sysmon", "powershell": "powershell", "ms_defender": "windefend", "wmi": "wmi", "ntlm_audit": "ntlm",
    "applocker": "applocker", "printservice": "printservice-operational", "capi2_operational": "capi2",
    "bootloader_inventory": "", "wineventlog_task_scheduler": "taskscheduler", "wineventlog_rdp": "security",
}  # fmt: skip
_LOGS = {
    "cloudtrail": "aws:cloudtrail", "amazon_security_lake": "aws:cloudtrail", "azure_monitor_aad": "azure:auditlogs",
    "azuread": "azure:auditlogs", "azure_audit": "azure:activitylogs", "o365_management_activity": "m365:audit",
    "o365_graph": "m365:audit", "linux_auditd": "linux:auditd", "kube_audit": "kubernetes:audit",
    "kubernetes_metrics": "kubernetes:metrics", "kube_objects_events": "kubernetes:audit", "okta": "okta:okta",
    "github": "github:audit", "github_enterprise": "github:audit", "github_organizations": "github:audit",
    "pingid": "pingid:audit", "zscaler_proxy": "proxy/any", "stream_http": "network_traffic/http", "stream_dns": "dns/any",
    "suricata": "suricata:any", "admon": "windows:admon", "google_gcp_pubsub_message": "gcp:gcp.audit",
    "gws_reports_login": "gcp:google_workspace.login", "gws_reports_admin": "gcp:google_workspace.admin",
    "gws_login_mfa_methods": "gcp:google_workspace.login", "gsuite_gmail": "gcp:google_workspace",
    "gsuite_drive": "gcp:google_workspace", "gsuite_calendar": "gcp:google_workspace",
    "crowdstrike_identities": "crowdstrike:identities", "crowdstrike_stream": "alert/any", "circleci": "circleci:audit",
    "aws_cloudwatchlogs_eks": "kubernetes:audit", "aws_securityhub_finding": "aws:securityhub",
    "cisco_networks": "cisco:syslog", "zeek_rpc": "zeek:dce_rpc", "zeek_x509": "zeek:x509", "zeek_ssl": "zeek:any",
    "osquery_macro": "osquery:any", "osquery_process": "osquery:any", "moveit_sftp_logs": "webserver/any",
    "kubernetes_container_controller": "kubernetes:audit", "nginx_access_logs": "webserver/any",
    "exchange": "windows:msexchange-management", "splunkd": "splunk:any", "splunk_python": "splunk:any",
    "f5_bigip_rogue": "webserver/any", "cloudwatch_vpc": "aws:vpcflow", "iis": "webserver/any",
    "linux_auditd_normalized_execve_process": "linux:auditd", "linux_auditd_normalized_proctitle_process": "linux:auditd",
    "esxi_syslog": "vmware:esxi", "remote_access_software_usage_exceptions": "",
}  # fmt: skip
_MODELS = {
    "endpoint.processes": "process_creation", "endpoint.registry": "registry_event", "endpoint.filesystem": "file_event",
    "endpoint.services": "service", "endpoint.ports": "network_connection", "web": "webserver/any",
    "web.web": "webserver/any", "network_traffic": "firewall/any", "network_resolution": "dns/any",
    "network_resolution.dns": "dns/any", "authentication": "authentication/any", "change": "change/any", "email": "email/any",
    "risk": "risk/any", "intrusion_detection": "ids/any", "certificates": "certificate/any", "updates": "update/any",
    "alerts": "alert/any", "network_sessions": "network_session/any", "malware": "antivirus/any",
    "vulnerabilities": "vulnerability/any", "endpoint": "process_creation", "splunk_audit": "splunk:any",
    "data_access": "data_access/any", "cloud_infrastructure": "cloud/any",
}  # fmt: skip
_OPERATIONS = {
    "aws:cloudtrail": ("AWS-CloudTrail", ("eventname", "api.operation")),
    "azure:auditlogs": ("Entra-AuditLogs", ("operationname",)),
    "azure:activitylogs": ("Azure-ActivityLogs", ("operationname.localizedvalue", "operationname")),
    "m365:audit": ("M365-AuditLog", ("operation",)), "okta:okta": ("Okta-SystemLog", ("eventtype", "legacyeventtype")),
    "github:audit": ("GitHub-AuditLog", ("action",)), "kubernetes:audit": ("Kubernetes-Audit", ("verb",)),
    "gcp:gcp.audit": ("GCP-AuditLog", ("protopayload.methodname", "data.protopayload.methodname")),
    "gcp:google_workspace.login": ("GoogleWorkspace-Login", ("event.name",)),
    "gcp:google_workspace.admin": ("GoogleWorkspace-Admin", ("event.name",)),
}  # fmt: skip

# What the name of an index or source type says, in the order asked.
_NAMES = (
    ("cloudtrail", "aws:cloudtrail"), ("o365", "m365:audit"), ("azure", "azure:any"), ("okta", "okta:okta"),
    ("github", "github:audit"), ("kube", "kubernetes:audit"), ("gcp", "gcp:gcp.audit"), ("gws", "gcp:google_workspace"),
    ("gsuite", "gcp:google_workspace"), ("suricata", "suricata:any"), ("zeek", "zeek:any"), ("bro", "zeek:any"),
    ("stream", "network_traffic/any"), ("pan", "firewall/any"), ("cisco", "firewall/any"), ("auditd", "linux:auditd"),
    ("linux", "linux:syslog"), ("aws", "aws:any"), ("splunk", "splunk:any"), ("web", "webserver/any"),
    ("nginx", "webserver/any"), ("iis", "webserver/any"), ("access", "webserver/any"), ("f5", "webserver/any"),
    ("citrix", "webserver/any"), ("syslog", "linux:syslog"), ("osquery", "osquery:any"), ("email", "email/any"),
    ("risk", "risk/any"), ("notable", "alert/any"), ("_internal", "splunk:any"), ("_audit", "splunk:any"),
    ("exchange", "windows:msexchange-management"), ("wineventlog", "windows:any"), ("windows", "windows:any"),
    ("ivanti", "webserver/any"), ("vmware", "vmware:esxi"),
)  # fmt: skip


def resolve(hints: Hints) -> list[Event]:
    """The events of a Splunk search (one sub-search of it, if it has several)."""
    found = common.terms(hints.tree)
    stated = [
        part.strip()
        for source in hints.sources
        if source.startswith("data_source:")
        for part in source[12:].replace(" and ", " AND ").split(" AND ")
    ]
    linux = any("linux" in name.lower() for name in stated)
    out = [event for name in stated for event in _source(name, found, linux, len(stated) > 1)]
    if out:
        return out
    macros = [source[6:] for source in hints.sources if source.startswith("macro:")]
    ids = common.equals(found, "eventcode", "eventid", "signature_id", "event_id")
    services = [_MACROS[name] for name in macros if _MACROS.get(name)] + _channels(hints.sources)
    ids = [id_ for id_ in ids if id_.isdigit()]
    if services:
        return common.windows(services[0], ids) if ids or services[0] != "sysmon" else []
    models = [source[10:].lower() for source in hints.sources if source.startswith("datamodel:")]
    out = [event for name in models for event in _model(name, found)]
    if out:
        return out
    logs = [_LOGS[name] for name in macros if _LOGS.get(name)]
    if logs:
        return [event for cls in dict.fromkeys(logs) for event in _log(cls, found)]
    if ids:
        return [event for id_ in ids for event in common.windows(common.service_for(id_), [id_])]
    return [event for source in hints.sources for event in _by_name(source, found)]


def _source(name: str, found: list[Term], linux: bool, several: bool) -> list[Event]:
    """The rows of a data source as Splunk names it; several of them can each serve the search."""
    low = name.lower()
    if low.startswith("sysmon for linux eventid"):
        return [_linux(low.rpartition(" ")[2], several)]
    if low.startswith("crowdstrike processrollup"):
        cls = f"process_creation/{'linux' if linux else 'windows'}"
        return [Event(cls, "CrowdStrike", "ProcessRollup2", "Process creation", several)]
    if low.startswith("linux auditd"):
        kind = _AUDITD.get(low[13:].strip(), "")
        row = common.event("linux:auditd", "auditd", kind, several) if kind else Event("linux:auditd", "auditd", "", "", False)
        return [row]
    prefix = max((start for start in _WINDOWS if low.startswith(start)), key=len, default="")
    rest = low[len(prefix) :].strip().replace(",", " ").split()
    if prefix and (not rest or rest[0].isdigit()):
        service = _WINDOWS[prefix]
        rows = []
        for id_ in rest:
            at = "security" if service == "system" and id_ in ("4720", "4726", "4728") else service
            rows.append(common.event(common.windows_class(at, id_), at, id_, several))
        return rows or common.windows(service, [])
    prefix = max((start for start in _SOURCES if low.startswith(start)), key=len, default="")
    if not prefix:
        return []
    cls, provider = _SOURCES[prefix]
    operation = name[len(prefix) :].strip()
    if provider and operation:
        return [Event(cls, provider, operation, operation, False)]
    return _log(cls, found)


def _linux(id_: str, implied: bool) -> Event:
    category = {"1": "process_creation", "3": "network_connection", "11": "file_event", "23": "file_delete"}.get(
        id_, "process_creation"
    )
    return common.event(f"{category}/linux", "sysmon-linux", id_, implied)


def _channels(sources: tuple[str, ...]) -> list[str]:
    """Windows services that a source or sourcetype names (`XmlWinEventLog:Security`)."""
    names = [source.partition(":")[2] for source in sources if source.startswith(("source:", "sourcetype:"))]
    return [service for name in names if (service := common.service_of(name.rpartition("EventLog:")[2]))]


def _system(found: list[Term]) -> str:
    """Windows when a value looks like it, linux when one has a Unix path, else any."""
    for term in found[:400]:
        value = term.value.lower()
        if "\\" in value or value.endswith((".exe", ".exe*", ".dll")) or ".exe" in value:
            return "windows"
    return "linux" if any("/bin/" in term.value or "/etc/" in term.value for term in found[:400]) else "windows"


def _model(name: str, found: list[Term]) -> list[Event]:
    """The rows of a data model's node."""
    cls = _MODELS.get(name) or _MODELS.get(name.partition(".")[0], "")
    if cls == "service":
        return common.windows("system", ["7045"])
    if cls == "registry_event":
        return common.category(cls, "windows")
    if cls in ("process_creation", "file_event", "network_connection"):
        return common.category(cls, _system(found))
    return [Event(cls, "", "", "", False)] if cls else []


def _log(cls: str, found: list[Term]) -> list[Event]:
    """A log's rows: its operations that the search names."""
    if cls == "linux:auditd":
        kinds = common.equals(found, "type")
        return [common.event(cls, "auditd", kind.upper()) for kind in kinds] or [Event(cls, "auditd", "", "", False)]
    provider, names = _OPERATIONS.get(cls, ("", ()))
    return common.operations(cls, provider, common.equals(found, *names) if names else [])


def _by_name(source: str, found: list[Term]) -> list[Event]:
    """By a source type or index whose name says which product it is."""
    kind, _, name = source.lower().partition(":")
    if kind not in ("sourcetype", "index", "source", "macro", "eventtype", "inputlookup", "mstats", "savedsearch", "rest"):
        return []
    for key, cls in _NAMES:
        if key in name:
            return _log(cls, found)
    return []
