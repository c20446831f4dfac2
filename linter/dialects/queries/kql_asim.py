"""The filtering parameters of Microsoft's ASIM parsers (`_Im_Dns(responsecodename='NXDOMAIN')`) as filters on columns.

A parameter is a column's name in lower case, perhaps with a suffix that says how it compares (`_has_any`, `_in`, …).
"""

from __future__ import annotations

# Parameters whose column has another name than the parameter; from the "Filtering parser parameters" of each ASIM schema.
_COLUMNS = {
    "domain": "DnsQuery", "responsecodename": "DnsResponseCodeName", "response": "DnsResponseName", "url": "Url",
    "httpuseragent": "HttpUserAgent", "eventresult": "EventResult", "eventresultdetails": "EventResultDetails",
    "eventtype": "EventType", "srcipaddr": "SrcIpAddr", "dstipaddr": "DstIpAddr", "ipaddr": "IpAddr",
    "dstportnumber": "DstPortNumber", "hostname": "DstHostname", "dvcaction": "DvcAction", "commandline": "CommandLine",
    "actingprocess": "ActingProcessName", "targetprocess": "TargetProcessName", "parentprocess": "ParentProcessName",
    "actorusername": "ActorUsername", "targetusername": "TargetUsername", "username": "TargetUsername",
    "dvcipaddr": "DvcIpAddr", "dvchostname": "DvcHostname", "dvcname": "DvcHostname", "hashes": "Hash",
    "targetappname": "TargetAppName", "srchostname": "SrcHostname", "targetfilepath": "TargetFilePath",
    "srcfilepath": "SrcFilePath", "registrykey": "RegistryKey", "registryvalue": "RegistryValue",
    "registrydata": "RegistryValueData", "registryvaluedata": "RegistryValueData", "operation": "Operation",
    "object": "Object", "newvalue": "NewValue", "value": "Value", "filename": "TargetFileName", "grouppname": "GroupName",
}  # fmt: skip
# Suffix → (operator as KQL spells it). The longest comes first.
_SUFFIXES = (
    ("_has_any_ip_prefix", "has_any_ipv4_prefix"),
    ("_has_any_prefix", "has_any_ipv4_prefix"),
    ("_has_ipv4", "has_ipv4"),
    ("_has_any", "has_any"),
    ("_has_all", "has_all"),
    ("_has", "has"),
    ("_in", "in~"),
)
_UNFILTERED = frozenset(("starttime", "endtime", "disabled", "pack"))


def is_parser(name: str) -> bool:
    """Whether a function is an ASIM parser."""
    return name.startswith(("_Im_", "_ASim_", "vim", "ASim")) or (name[:2] == "im" and name[2:3].isupper())


def parameter(name: str) -> tuple[str, str] | None:
    """(column, operator) of a filtering parameter; None for one that says nothing about an event (times, switches)."""
    lower = name.lower()
    if lower in _UNFILTERED:
        return None
    for suffix, op in _SUFFIXES:
        if lower.endswith(suffix):
            stem = lower[: -len(suffix)]
            return _COLUMNS.get(stem, name[: len(stem)]), op
    return _COLUMNS.get(lower, name), "=~"
