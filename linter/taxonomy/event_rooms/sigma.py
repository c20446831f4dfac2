"""Sigma: the category, else the service and its EventIDs, else the provider or channel that the detection names."""

from __future__ import annotations

from functools import lru_cache

from linter.rule import Event
from linter.taxonomy.event_rooms import common
from linter.taxonomy.events import Hints

_ID_FIELDS = ("eventid", "event_id", "eventcode")
# Fields whose value is what happened, by product or service, and the provider's name.
_OPERATIONS = {
    "cloudtrail": ("AWS-CloudTrail", ("eventname",)), "auditlogs": ("Entra-AuditLogs", ("operationname", "properties.message")),
    "activitylogs": ("Azure-ActivityLogs", ("operationname", "operationnamevalue", "properties.message")),
    "riskdetection": ("Entra-RiskDetection", ("riskeventtype",)), "pim": ("Entra-PIM", ("riskeventtype",)),
    "okta": ("Okta-SystemLog", ("eventtype",)), "gcp.audit": ("GCP-AuditLog", ("gcp.audit.method_name",)),
    "google_workspace.admin": ("GoogleWorkspace-Admin", ("eventname",)),
    "google_workspace.login": ("GoogleWorkspace-Login", ("protopayload.metadata.event.eventname",)),
    "github": ("GitHub-AuditLog", ("action",)), "bitbucket": ("Bitbucket-AuditLog", ("audittype.action",)),
    "audit": ("M365-AuditLog", ("operation",)), "threat_management": ("M365-ThreatManagement", ("eventname",)),
    "auditd": ("auditd", ("type",)), "signinlogs": ("Entra-SignInLogs", ()), "kubernetes": ("Kubernetes-Audit", ("verb",)),
    "onelogin.events": ("OneLogin", ("event_type_id",)), "opencanary": ("OpenCanary", ("logtype",)),
}  # fmt: skip


def resolve(hints: Hints) -> list[Event]:
    """The events of a Sigma detection."""
    category, product, service = hints.category.lower(), hints.product.lower(), hints.service.lower()
    if category and not (category == "application" and (product or service)):
        return _category(category, product)
    found = common.terms(hints.tree)
    if product == "windows" or (not product and service in ("security", "system", "application", "sysmon", "powershell")):
        ids = common.equals(found, *_ID_FIELDS)
        if service:
            return common.windows(service, ids)
        channels = [common.service_of(name) for name in common.equals(found, "channel", "provider_name", "source")]
        services = list(dict.fromkeys(name for name in channels if name)) or [""]
        return [event for name in services for event in (common.windows(name, ids) if name else [_plain("windows:any")])]
    if not product and not service:
        return []
    cls = f"{product or 'any'}:{service or 'any'}"
    for key in (service, product):
        if key in _OPERATIONS and not (key == "audit" and product != "m365"):
            provider, names = _OPERATIONS[key]
            operations = common.equals(found, *names) if names else []
            return common.operations(cls, provider, operations)
    return [_plain(cls)]


_category = lru_cache(maxsize=512)(common.category)  # no one changes the lists


def _plain(cls: str) -> Event:
    return Event(cls, "", "", "", False)
