"""Which platform and which domain a Kusto table stands for, for display."""

from __future__ import annotations

from collections.abc import Iterable

# The start of a table's name (lower case) → (platform, domain); the longest that fits counts.
_TABLES = {
    "securityevent": ("windows", "endpoint"), "event": ("windows", "endpoint"), "windowsevent": ("windows", "endpoint"),
    "windowsfirewall": ("windows", "network"), "w3ciislog": ("windows", "web"), "dnsevents": ("windows", "network"),
    "sysmon": ("windows", "endpoint"), "device": ("windows", "endpoint"), "exchange": ("windows", "application"),
    "syslog": ("linux", "endpoint"), "linuxaudit": ("linux", "endpoint"), "auditd": ("linux", "endpoint"),
    "signinlogs": ("azure", "identity"), "auditlogs": ("azure", "identity"), "aad": ("azure", "identity"),
    "identity": ("azure", "identity"), "behavioranalytics": ("azure", "identity"), "azure": ("azure", "cloud"),
    "keyvault": ("azure", "cloud"), "storage": ("azure", "cloud"), "sqlevent": ("azure", "application"),
    "laquerylogs": ("azure", "cloud"), "securityalert": ("azure", "cloud"), "kube": ("kubernetes", "cloud"),
    "officeactivity": ("m365", "cloud"), "cloudapp": ("m365", "cloud"), "email": ("m365", "cloud"), "url": ("m365", "cloud"),
    "dynamics365": ("m365", "cloud"), "mcas": ("m365", "cloud"), "powerbi": ("m365", "cloud"), "project": ("m365", "cloud"),
    "aws": ("aws", "cloud"), "gcp": ("gcp", "cloud"), "google": ("gcp", "cloud"), "gworkspace": ("gcp", "identity"),
    "okta": ("okta", "identity"), "onelogin": ("onelogin", "identity"), "pingfederate": ("pingfederate", "identity"),
    "github": ("github", "application"), "gitlab": ("gitlab", "application"), "jira": ("jira", "application"),
    "commonsecuritylog": ("", "network"), "cisco": ("cisco", "network"), "paloalto": ("paloalto", "network"),
    "_im_dns": ("", "network"), "_im_network": ("", "network"), "_im_web": ("", "web"), "_im_process": ("", "endpoint"),
    "_im_auth": ("", "identity"), "_im_file": ("", "endpoint"), "_im_registry": ("windows", "endpoint"),
    "imdns": ("", "network"), "imnetwork": ("", "network"), "imweb": ("", "web"), "improcess": ("", "endpoint"),
    "imauth": ("", "identity"), "imfile": ("", "endpoint"), "imregistry": ("windows", "endpoint"),
    "apache": ("apache", "web"), "nginx": ("nginx", "web"), "tomcat": ("tomcat", "web"), "zeek": ("zeek", "network"),
    "corelight": ("zeek", "network"), "vmconnection": ("", "network"), "snowflake": ("snowflake", "application"),
    "salesforce": ("salesforce", "application"), "slack": ("slack", "application"), "box": ("box", "application"),
    "zoom": ("zoom", "application"), "oracle": ("oracle", "application"), "saphana": ("sap", "application"),
}  # fmt: skip
_LENGTHS = sorted({len(name) for name in _TABLES}, reverse=True)


def _known(sources: Iterable[str]) -> list[tuple[str, str]]:
    found = []
    for source in sources:
        lower = source.lower()
        for length in _LENGTHS:
            if lower[:length] in _TABLES and len(lower) >= length:
                found.append(_TABLES[lower[:length]])
                break
    return found


def platforms(sources: Iterable[str]) -> tuple[str, ...]:
    """The platforms of tables, each once, in order."""
    return tuple(dict.fromkeys(platform for platform, _ in _known(sources) if platform))


def domain(sources: Iterable[str]) -> str:
    """The domain of the first table that has one, else ""."""
    return next((name for _, name in _known(sources) if name), "")
