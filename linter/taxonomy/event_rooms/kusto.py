"""Kusto: the table, with the ActionType, EventID or operation that the query names."""

from __future__ import annotations

from linter.rule import Event, Term
from linter.taxonomy.event_rooms import common
from linter.taxonomy.events import Hints

# Defender tables → category, its product, and ActionTypes that mean another category.
_DEVICE = {
    "deviceprocessevents": ("process_creation", "DeviceProcessEvents"),
    "devicefileevents": ("file_event", "DeviceFileEvents"),
    "devicenetworkevents": ("network_connection", "DeviceNetworkEvents"),
    "deviceregistryevents": ("registry_event", "DeviceRegistryEvents"),
    "deviceimageloadevents": ("image_load", "DeviceImageLoadEvents"),
    "devicelogonevents": ("authentication", "DeviceLogonEvents"), "deviceevents": ("device_event", "DeviceEvents"),
    "devicefilecertificateinfo": ("inventory", "DeviceFileCertificateInfo"),
}  # fmt: skip
_ACTIONS = {
    "filedeleted": "file_delete", "filerenamed": "file_rename", "dnsqueryresponse": "dns_query", "driverload": "driver_load",
    "driverloaded": "driver_load", "createremotethreadapicall": "create_remote_thread", "openprocessapicall": "process_access",
    "namedpipeevent": "pipe_created", "powershellcommand": "ps_module", "amsiscriptcontent": "ps_script",
    "scriptcontent": "ps_script", "processcreated": "process_creation", "processcreatedusingwmiquery": "process_creation",
    "dnsconnectioninspected": "dns_query", "wmibindeventfiltertoconsumer": "wmi_event",
}  # fmt: skip
_SERVICES = {
    "securityevent": "security", "windowsfirewall": "firewall-as", "dnsevents": "dns-server", "windowsevent": "", "event": "",
}  # fmt: skip
# Other tables, by longest prefix → class, provider, columns of the operation.
_LOGS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "auditlogs": ("azure:auditlogs", "Entra-AuditLogs", ("operationname", "activitydisplayname")),
    "signinlogs": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aadnoninteractive": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aadserviceprincipal": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aadmanagedidentity": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aadsigninevents": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aadspnsignin": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "entraidsignin": ("azure:signinlogs", "Entra-SignInLogs", ()),
    "aaduserriskevents": ("azure:riskdetection", "Entra-RiskDetection", ()),
    "azureactivity": ("azure:activitylogs", "Azure-ActivityLogs", ("operationnamevalue", "operationname")),
    "azurediagnostics": ("azure:diagnostics", "Azure-Diagnostics", ("operationname",)),
    "azuredevopsauditing": ("azure:devops", "AzureDevOps-Audit", ("operationname",)),
    "adoauditlogs": ("azure:devops", "AzureDevOps-Audit", ("operationname",)),
    "microsoftgraphactivitylogs": ("azure:graphactivitylogs", "Graph-ActivityLogs", ()),
    "officeactivity": ("m365:audit", "M365-AuditLog", ("operation",)),
    "cloudappevents": ("m365:audit", "M365-AuditLog", ("actiontype",)),
    "enrichedmicrosoft365auditlogs": ("m365:audit", "M365-AuditLog", ("operation",)),
    "exchangeadmin": ("windows:msexchange-management", "", ()), "dynamics365": ("m365:dynamics", "Dynamics365", ()),
    "powerapps": ("m365:powerplatform", "", ()), "powerplatform": ("m365:powerplatform", "", ()),
    "powerbi": ("m365:powerbi", "", ()), "dataverse": ("m365:dynamics", "Dynamics365", ()),
    "projectactivity": ("m365:project", "", ()), "awscloudtrail": ("aws:cloudtrail", "AWS-CloudTrail", ("eventname",)),
    "awsguardduty": ("aws:guardduty", "", ()), "awsvpcflow": ("aws:vpcflow", "", ()), "awss3": ("aws:s3", "", ()),
    "awsbucketapilogs": ("aws:cloudtrail", "AWS-CloudTrail", ("eventname",)),
    "gcpauditlogs": ("gcp:gcp.audit", "GCP-AuditLog", ("methodname",)),
    "gcp_iam": ("gcp:gcp.audit", "GCP-AuditLog", ("payloadmethodname",)), "gcpclouddns": ("dns/any", "", ()),
    "gcp": ("gcp:gcp.audit", "GCP-AuditLog", ()), "google": ("gcp:gcp.audit", "GCP-AuditLog", ()),
    "gworkspace": ("gcp:google_workspace", "GoogleWorkspace", ("eventmessage", "eventname")),
    "okta": ("okta:okta", "Okta-SystemLog", ("eventtype_s", "eventoriginaltype")),
    "github": ("github:audit", "GitHub-AuditLog", ("action", "action_s")), "securityalert": ("alert/any", "", ()),
    "securityincident": ("alert/any", "", ()), "alertinfo": ("alert/any", "", ()), "alertevidence": ("alert/any", "", ()),
    "alert": ("alert/any", "", ()), "behavioranalytics": ("ueba/any", "", ()), "behaviorinfo": ("ueba/any", "", ()),
    "behaviorentities": ("ueba/any", "", ()), "threatintel": ("threat_intelligence/any", "", ()),
    "commonsecuritylog": ("firewall/any", "", ()), "w3ciislog": ("webserver/any", "", ()),
    "appservicehttplogs": ("webserver/any", "", ()), "apachehttp": ("webserver/any", "", ()),
    "nginx": ("webserver/any", "", ()), "tomcat": ("webserver/any", "", ()), "oracleweblogic": ("webserver/any", "", ()),
    "agwaccesslogs": ("webserver/any", "", ()), "agwfirewall": ("waf/any", "", ()), "imperva": ("waf/any", "", ()),
    "cloudflare": ("waf/any", "", ()), "azfw": ("firewall/any", "", ()), "azurefirewall": ("firewall/any", "", ()),
    "azurenetworkanalytics": ("firewall/any", "", ()), "ntanetanalytics": ("firewall/any", "", ()),
    "vmconnection": ("network_connection/any", "", ()), "wiredata": ("network_connection/any", "", ()),
    "vmprocess": ("process_creation/any", "", ()), "vmcomputer": ("inventory/any", "", ()),
    "syslog": ("linux:syslog", "", ()), "linuxaudit": ("linux:auditd", "auditd", ()),
    "auditd": ("linux:auditd", "auditd", ()), "vmwareesxi": ("vmware:esxi", "", ()),
    "laquerylogs": ("azure:laquerylogs", "", ()), "storageblob": ("azure:storage", "Azure-Storage", ("operationname",)),
    "storagefile": ("azure:storage", "Azure-Storage", ("operationname",)),
    "azurekeyvault": ("azure:keyvault", "", ("operationname",)), "azuremetrics": ("azure:metrics", "", ()),
    "emailevents": ("email/any", "", ()), "emailurl": ("email/any", "", ()), "emailattachment": ("email/any", "", ()),
    "emailpostdelivery": ("email/any", "", ()), "urlclick": ("email/any", "", ()), "proofpoint": ("email/any", "", ()),
    "mimecast": ("email/any", "", ()), "ciscoseg": ("email/any", "", ()), "messageevents": ("m365:teams", "", ()),
    "chatevents": ("m365:teams", "", ()), "meetingevents": ("m365:teams", "", ()),
    "identitylogon": ("authentication/any", "", ()), "identityquery": ("ldap/windows", "", ()),
    "identitydirectory": ("directory/windows", "", ()), "identityinfo": ("inventory/any", "", ()),
    "identityaccountinfo": ("inventory/any", "", ()), "deviceinfo": ("inventory/any", "", ()),
    "devicenetworkinfo": ("inventory/any", "", ()), "devicetvm": ("vulnerability/any", "", ()),
    "devicebaseline": ("vulnerability/any", "", ()), "qualys": ("vulnerability/any", "", ()),
    "tenable": ("vulnerability/any", "", ()), "securityrecommendation": ("vulnerability/any", "", ()),
    "securitynested": ("vulnerability/any", "", ()), "securityregulatory": ("vulnerability/any", "", ()),
    "exposuregraph": ("inventory/any", "", ()), "heartbeat": ("inventory/any", "", ()), "usage": ("inventory/any", "", ()),
    "resources": ("inventory/any", "", ()), "operation": ("inventory/any", "", ()), "cisco_umbrella": ("dns/any", "", ()),
    "ciscoduo": ("cisco:duo", "", ()), "ciscoise": ("cisco:ise", "", ()), "ciscowsa": ("proxy/any", "", ()),
    "ciscosecureendpoint": ("antivirus/any", "", ()), "symantecproxy": ("proxy/any", "", ()), "squid": ("proxy/any", "", ()),
    "zscaler": ("proxy/any", "", ()), "corelight": ("zeek:any", "", ()), "infoblox": ("dns/any", "", ()),
    "adfssignin": ("authentication/any", "", ()), "pingfederate": ("authentication/any", "", ()),
    "afad": ("directory/windows", "", ()), "dsp_parser": ("directory/windows", "", ()),
    "containerlog": ("kubernetes:audit", "", ()), "aksaudit": ("kubernetes:audit", "Kubernetes-Audit", ("verb",)),
    "sap": ("sap:audit", "", ()), "abap": ("sap:audit", "", ()), "sqlevent": ("database/any", "", ()),
    "azuresql": ("database/any", "", ()), "oracledatabase": ("database/any", "", ()), "snowflake": ("database/any", "", ()),
    "watchlist": ("watchlist/any", "", ()), "confidentialwatchlist": ("watchlist/any", "", ()),
    "anomalies": ("ueba/any", "", ()), "userpeeranalytics": ("ueba/any", "", ()), "campaign": ("email/any", "", ()),
    "fileprofile": ("inventory/any", "", ()),
}  # fmt: skip
_ASIM = {
    "dns": ("dns", "any"), "websession": ("proxy", "any"), "networksession": ("network_connection", "any"),
    "process": ("process_creation", "windows"), "processcreate": ("process_creation", "windows"),
    "processevent": ("process_creation", "windows"), "processterminate": ("process_termination", "windows"),
    "fileevent": ("file_event", "windows"), "file": ("file_event", "windows"), "registry": ("registry_event", "windows"),
    "registryevent": ("registry_event", "windows"), "authentication": ("authentication", "any"),
    "auditevent": ("audit", "any"), "dhcpevent": ("dhcp", "any"), "usermanagement": ("user_management", "any"),
    "alertevent": ("alert", "any"),
}  # fmt: skip


def resolve(hints: Hints) -> list[Event]:
    """The events of a Kusto query (one sub-query of it, if it has several)."""
    found = common.terms(hints.tree)
    out: list[Event] = []
    for source in dict.fromkeys(hints.sources):
        out += _table(source, found)
    if not out and not hints.sources:
        out = _by_fields(found)
    known = [event for event in out if not event.cls.startswith(("inventory/", "watchlist/", "threat_intelligence/"))]
    return known or out


def _by_fields(found: list[Term]) -> list[Event]:
    """A query without a table that could be read: by columns that only one table has."""
    fields = {term.field.lower() for term in found}
    if "processcommandline" in fields:
        return common.category("process_creation", "windows")
    return []


def _table(name: str, found: list[Term]) -> list[Event]:
    """The rows of a table, function or parser."""
    low = name.lower()
    for prefix in ("connector:", "function:", "table:", "watchlist:"):
        low = low.removeprefix(prefix)
    if low in _DEVICE:
        return _device(low, found)
    if low in _SERVICES:
        return _windows(_SERVICES[low], low, found)
    asim = low.removesuffix("_cl")
    for lead in ("_im_", "_asim_", "asim", "vim", "im"):
        asim = asim.removeprefix(lead)
    asim = asim.removesuffix("logs").removeprefix("_")
    if low.startswith(("_im_", "_asim_", "im", "asim", "vim")) and asim in _ASIM:
        category, product = _ASIM[asim]
        return common.category(category, product)
    key = max((prefix for prefix in _LOGS if low.startswith(prefix)), key=len, default="")
    if key:
        cls, provider, columns = _LOGS[key]
        return common.operations(cls, provider, common.equals(found, *columns) if columns else [])
    bare = "".join(char for char in low.removesuffix("_cl") if char.isalnum() or char == "_")
    return [Event(f"{bare}:any", "", "", "", False)] if bare else []


def _device(low: str, found: list[Term]) -> list[Event]:
    """The rows of a Defender table, by ActionType."""
    category, table = _DEVICE[low]
    actions = [value for value in common.equals(found, "actiontype") if value.isalnum()]
    product = "windows"
    if not actions:
        if low == "deviceprocessevents":
            return [common.event(f"{category}/{product}", table, "ProcessCreated")]
        title = f"{common.defender_title(table.removeprefix('Device').removesuffix('Events'))} activity (any)"
        return [Event(f"{category}/{product}", f"Defender-{table}", "any", title, False)]
    return [common.event(f"{_ACTIONS.get(value.lower(), category)}/{product}", table, value) for value in actions]


def _windows(service: str, low: str, found: list[Term]) -> list[Event]:
    """The rows of a table of Windows events, by EventID and channel or source."""
    ids = [value for value in common.equals(found, "eventid") if value.isdigit()]
    if not service:
        named = common.equals(found, "source", "eventlog", "provider", "channel")
        service = next((at for name in named if (at := common.service_of(name))), "")
    if ids:
        return [row for id_ in ids for row in common.windows(service or common.service_for(id_), [id_])]
    if low == "dnsevents":
        return [Event("dns/any", "", "", "", False)]
    if service == "security" and any(term.field.lower() in ("newprocessname", "parentprocessname") for term in found):
        return common.windows("security", ["4688"])
    return [Event(f"windows:{service}" if service else "windows:any", common.PROVIDERS.get(service, ""), "", "", False)]
