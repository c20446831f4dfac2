"""Words that mean the same to different vendors, and the fields that choose events. Plain constants, no work at import."""

from __future__ import annotations

# Canonical names that choose events. Spelling matters: Sysmon's `EventType` does, Okta's `eventType` is what is looked for.
SELECTORS = frozenset((
    "EventID", "Channel", "Provider_Name", "Provider", "EventType", "EventLog", "ActionType", "event.type", "event.category",
    "event.kind", "event.module", "event.dataset", "data_stream.dataset", "event.provider",
    "metadata.event_type", "metadata.product_name", "metadata.vendor_name", "metadata.log_type", "metadata.product_log_type",
    "metadata.base_labels.log_types", "host.os.type", "host.os.family", "host.os.kernel", "host.os.name", "host.os.platform",
    "log_type", "index", "_index", "sourcetype", "source", "type", "category", "Category", "SourceSystem", "EventVendor",
    "EventProduct", "EventSchema", "vendor_product", "DeviceVendor", "DeviceProduct", "logtype", "agent.type",
    "endgame.metadata.type", "tags", "LogFile", "EventSourceName", "Source", "SourceName",
))  # fmt: skip
PROGRAM_EXTENSIONS = frozenset((
    "exe", "dll", "com", "scr", "cpl", "sys", "ocx", "msc", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "msi",
))  # fmt: skip
BOOLEANS = frozenset(("Initiated", "Signed", "SignatureStatus"))
VALUES: dict[str, dict[str, str]] = {
    "Initiated": {
        "egress": "true", "outgoing": "true", "outbound": "true", "out": "true",
        "ingress": "false", "incoming": "false", "inbound": "false", "in": "false",
    },
    "EventType": {
        "registrykeycreated": "createkey", "registryvalueset": "setvalue", "registrykeydeleted": "deletekey",
        "registryvaluedeleted": "deletevalue", "registrykeyrenamed": "renamekey",
    },
    "LogonType": {
        "system": "0", "interactive": "2", "network": "3", "batch": "4", "service": "5", "unlock": "7",
        "networkcleartext": "8", "newcredentials": "9", "remoteinteractive": "10", "cachedinteractive": "11",
    },
    "IntegrityLevel": {
        "s-1-16-4096": "low", "s-1-16-8192": "medium", "s-1-16-12288": "high", "s-1-16-16384": "system",
    },
    "SignatureStatus": {"trusted": "valid", "true": "valid"},
}  # fmt: skip
REGISTRY_ROOTS = (
    "hkey_local_machine\\", "hklm\\", "hkey_users\\", "hku\\", "hkey_current_user\\", "hkcu\\", "hkey_classes_root\\", "hkcr\\",
    "\\registry\\machine\\", "\\registry\\user\\", "registry\\machine\\", "registry\\user\\", "hklm:\\", "hkcu:\\",
    "\\hklm\\", "\\hkcu\\", "*\\",
)  # fmt: skip
CONTROL_SETS = ("\\controlset001", "\\controlset002", "\\controlset*", "\\controlset00?")
HASHES = frozenset(("md5", "sha1", "sha256", "sha512", "imphash"))
HASH_LENGTHS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
SYSTEM_SIDS = {"s-1-5-18": "system", "s-1-5-19": "local service", "s-1-5-20": "network service"}


def address(text: str) -> str:
    """An IP address in its shortest form; other text as it is."""
    if ":" not in text or len(text) > 45:
        return text
    from ipaddress import ip_address

    try:
        found = ip_address(text)
        return str(getattr(found, "ipv4_mapped", None) or found)  # ::ffff:127.0.0.1 is 127.0.0.1
    except ValueError:
        return text


def network(text: str) -> str:
    """A CIDR network in its canonical form; other text as it is."""
    if len(text) > 50:
        return text
    head, slash, bits = text.partition("/")
    if ":" not in text and slash and bits.isdigit() and head.count(".") == 3 and head.endswith(".0"):
        return text
    from ipaddress import ip_network

    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text
