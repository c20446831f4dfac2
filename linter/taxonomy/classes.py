"""Benign classes: what kind of harmless thing an exclusion names. A closed list; what fits nowhere has no class ("").

Classes are asked in the order of `CLASSES`: the more telling first, folders last. Words are whole words of the value
(`\\\\avg\\\\` but not `average`), phrases are substrings.
"""

from __future__ import annotations

from functools import lru_cache

from linter.taxonomy import tables, words

CLASSES: dict[str, str] = {
    "empty_value": "The field is null, empty or a placeholder (`-`, `N/A`, `unknown`).",
    "machine_account": "A computer's own account, whose name ends in `$`.",
    "system_account": "SYSTEM, LOCAL SERVICE, NETWORK SERVICE, root, daemon users and their SIDs and logon ids.",
    "service_account": "A service's or a workload's account: Kubernetes service accounts, cloud service roles, sync accounts.",
    "local_network": "Loopback, private, link-local and multicast addresses, localhost.",
    "security_product": "Antivirus, endpoint detection, vulnerability scanners and their programs, folders and signers.",
    "browser": "Web browsers and their updaters.",
    "office_collaboration": "Office suites, mail, chat, meetings, file sync: Office, OneDrive, Teams, Zoom, Slack, Acrobat.",
    "management_agent": "Software distribution, monitoring, remote support: Configuration Manager, Intune, TeamViewer.",
    "backup_storage": "Backup and storage software: Veeam, Acronis, Veritas, Dropbox-like storage agents.",
    "virtualization": "Hypervisors, their guest tools and remote desktops: VMware, Hyper-V, VirtualBox, Citrix.",
    "container_runtime": "Container engines and orchestrators: containerd, Docker, runc, kubelet, snap.",
    "cloud_service": "A cloud provider's own agents, services, hosts and addresses.",
    "hardware_vendor": "Drivers and helpers of hardware makers: Dell, HP, Lenovo, Intel, NVIDIA, Realtek.",
    "database_server": "Database, web and business servers: SQL Server, Exchange, IIS, Oracle, SAP.",
    "developer_tool": "Compilers, editors, interpreters, package managers of languages, version control.",
    "servicing": "The operating system's own servicing: Windows Update, TrustedInstaller, WinSxS, .NET optimisation.",
    "installer_updater": "Installers, updaters and package managers.",
    "scripting_host": "Shells and script hosts as such: PowerShell, cmd, bash, wscript.",
    "trusted_signer": "A code signature of the operating system's maker, or one that is valid.",
    "consumer_app": "Games, media players and other software of private users.",
    "system_program": "A program of the operating system, by name: svchost.exe, services.exe, systemd.",
    "program_folder": "Where installed programs live: Program Files, ProgramData, /opt, /Applications.",
    "windows_folder": "The Windows folder and what lies in it.",
    "system_folder": "The system folders of Linux and macOS: /usr, /bin, /lib, /System.",
    "temp_folder": "Temporary folders.",
    "user_folder": "Folders of a user: C:\\Users, AppData, /home.",
}
# Field kinds, by canonical field without its part; the rest by what the name holds.
_KINDS = {
    "Image": "image", "OriginalFileName": "image", "SourceImage": "image", "TargetImage": "target", "Product": "image",
    "Description": "image", "ParentImage": "parent", "GrandParentImage": "parent", "SourceParentImage": "parent",
    "ParentCommandLine": "parent", "GrandParentCommandLine": "parent", "ParentUser": "user", "CommandLine": "commandline",
    "SourceCommandLine": "commandline", "ImageLoaded": "module", "TargetFilename": "file", "SourceFilename": "file",
    "CurrentDirectory": "file", "Contents": "file", "TargetObject": "registry", "Details": "registry", "NewName": "registry",
    "ScriptBlockText": "script", "Payload": "script", "ContextInfo": "script", "Data": "script", "HostApplication": "script",
    "Company": "signer", "Signature": "signer", "SignatureStatus": "signer", "Signed": "signer", "Hashes": "hash",
    "ServiceFileName": "service", "ServiceName": "service", "TaskName": "service", "TaskContent": "service",
    "Initiated": "network", "Protocol": "network", "PipeName": "pipe", "CallTrace": "access", "GrantedAccess": "access",
    "AccessMask": "access", "ObjectName": "object", "ShareName": "object", "RelativeTargetName": "object",
    "userAgent": "network", "IntegrityLevel": "user", "LogonType": "user", "LogonId": "user", "QueryName": "network",
    "c-uri": "network",
}  # fmt: skip
_HOLDS = (
    ("parent", "parent"), ("sign", "signer"), ("company", "signer"), ("publisher", "signer"), ("issuer", "signer"),
    ("useragent", "network"), ("user_agent", "network"), ("user", "user"), ("account", "user"), ("principal", "user"),
    ("actor", "user"), ("identity", "user"), ("sid", "user"), ("email", "user"), ("commandline", "commandline"),
    ("logonid", "user"),
    ("address", "network"), ("ip", "network"), ("host", "network"), ("domain", "network"), ("dns", "network"),
    ("port", "network"), ("url", "network"), ("uri", "network"), ("referer", "network"), ("network", "network"),
    ("registry", "registry"), ("script", "script"), ("powershell", "script"), ("file", "file"), ("path", "file"),
    ("process", "image"), ("image", "image"), ("application", "image"), ("app", "image"),
)  # fmt: skip
_EXACT = frozenset(("ip", "sid", "app"))
_JOINED = frozenset(("logonid", "useragent", "user_agent", "commandline", "parent", "registry"))
_SYSTEM_ACCOUNTS = frozenset((
    "system", "local service", "network service", "localsystem", "local system", "anonymous logon", "root", "daemon",
    "nobody", "www-data", "systemd", "0x3e4", "0x3e5", "0x3e6", "0x3e7", "s-1-5-7", "s-1-0-0", "0", "système", "sistema",
    "networkservice", "localservice", "netzwerkdienst", "seau", "service r", "servicio de red", "servizio di rete",
    "defaultuser0", "iusr", "s-1-16-16384", "_apt", "messagebus", "polkitd", "_spotlight",
))  # fmt: skip
_SYSTEM_STARTS = ("nt authority", "nt service", "autorite nt", "window manager", "font driver")
_SYSTEM_SIDS = ("s-1-5-18", "s-1-5-19", "s-1-5-20", "s-1-5-80", "s-1-5-82", "s-1-5-83", "s-1-5-90", "s-1-5-96")
_SERVICE_ACCOUNT_STARTS = ("system:", "svc-", "svc_", "msol_", "aad_", "sync_", "gmsa", "adsync", "healthmailbox", "krbtgt")
_SERVICE_ACCOUNTS = (
    "serviceaccount", "service-account", "service account", "amazonaws.com", "awsservice", "assumed-role", "autoscaling",
    "azure ad connect", "azureadconnect", "automation", "terraform", "[bot]", "-bot", "github-actions", "dependabot",
    "service principal", "serviceprincipal", "cloudformation", "aws:", "microsoft.", "managed service",
)  # fmt: skip
# First octets of networks that are a large provider's (Microsoft, Google, Akamai, Amazon), as rules exclude them.
_PROVIDERS = (
    "13.64.", "13.107.", "20.", "23.", "34.", "35.", "40.", "51.10", "51.1", "52.", "104.4", "131.253.", "142.250.", "150.171.",
    "172.217.", "204.79.197", "216.58.", "64.233.", "74.125.", "8.8.", "132.245.", "2603:10", "2620:1ec:", "2a01:111:",
)  # fmt: skip
_EMPTY = frozenset(
    (
        "",
        "-",
        "(empty)",
        "n/a",
        "na",
        "null",
        "none",
        "unknown",
        "<unknown>",
        "(null)",
        "nil",
        "?",
        "not available",
        "unavailable",
    )
)
# Private, link-local, multicast and otherwise reserved networks (IANA's special-purpose registries).
_PRIVATE = (
    "10.", "127.", "192.168.", "169.254.", "224.", "239.", "240.", "255.255.255.255", "0.0.0.0", "192.0.0.", "192.0.2.",
    "192.31.196.", "192.52.193.", "192.88.99.", "192.175.48.", "198.18.", "198.51.100.", "203.0.113.",
    "fe80:", "fc00:", "fd", "ff0",
)  # fmt: skip
_APPLICATIONS = ("appid", "applicationid", "clientappid", "clientid")
_SPACES = str.maketrans(dict.fromkeys("\\/ .,;:-_()[]{}'\"=@*?|&<>%+#!\t\n\r", " "))


def field_kind(canonical: str) -> str:
    """The kind of a canonical field.

    image, parent, target, module, commandline, user, network, file, registry, script, signer, hash, service, pipe, access,
    object, event (a selector) or other.
    """
    from linter.taxonomy.schemas import base

    return _kind(base(canonical))


@lru_cache(maxsize=2048)
def _kind(field: str) -> str:
    known = _KINDS.get(field)
    if known:
        return known
    if field in words.SELECTORS:
        return "event"
    low = field.lower()
    tokens = _tokens(_snake(field))
    for piece, kind in _HOLDS:
        if piece in _EXACT:
            if piece in tokens or low.endswith(piece):
                return kind
        elif any(token.startswith(piece) for token in tokens) or (piece in _JOINED and piece in low):
            return kind
    return "other"


def _snake(field: str) -> str:
    """`sourceIPAddress` as `source IP Address`, for its words."""
    out: list[str] = []
    for at, char in enumerate(field):
        if (
            at
            and char.isupper()
            and (field[at - 1].islower() or (field[at - 1].isupper() and field[at + 1 : at + 2].islower()))
        ):
            out.append(" ")
        out.append(char)
    return "".join(out).lower()


def _tokens(low: str) -> set[str]:
    return set(low.translate(_SPACES).split())


@lru_cache(maxsize=16384)
def classify(canonical: str, op: str, value: str) -> str:
    """The benign class of an excluded (canonical field, op, value); "" where none fits."""
    low = value.lower().strip()
    if op == "null" or low in _EMPTY:
        return "empty_value"
    if op in ("exists", "gt", "gte", "lt", "lte"):
        return ""
    if op == "re":
        low = low.replace("\\\\", "\\").replace("\\.", ".").replace("\\ ", " ")
    kind = field_kind(canonical)
    if low == "$" and op == "endswith":
        return "machine_account"
    if low.count("-") == 4 and len(low) == 36 and canonical.lower().replace("_", "").endswith(_APPLICATIONS):
        return "cloud_service"  # a provider's own application
    if kind == "user":
        account = _account(canonical, op, low)
        if account:
            return account
    if kind == "network":
        found = _place(op, low)
        if found:
            return found
    if kind == "registry" and canonical != "Details":
        found = _named(low)  # a key is in no folder
        return "" if found in ("windows_folder", "program_folder", "user_folder", "temp_folder") else found
    if canonical.endswith("containers.image"):
        return _named(low) or "container_runtime"
    if kind == "signer":
        found = _named(low)
        if found and found not in ("installer_updater", "servicing"):
            return found
        if low.startswith("error"):  # a status that says why there is no valid signature
            return ""
        return "trusted_signer" if any(word in low for word in ("microsoft", "apple", "valid", "true", "trusted")) else found
    found = _named(low)
    return ("cloud_service" if kind == "network" else "") if found == "trusted_signer" else found


def _place(op: str, low: str) -> str:
    """The class of an address, network or host name; "" for a public one that no provider is known for."""
    if op == "cidr" or low[:1].isdigit() or ":" in low or (op in ("startswith", "like") and low[:2] in ("fc", "fd", "fe")):
        if _private(low):
            return "local_network"
        return "cloud_service" if low.startswith(_PROVIDERS) and ("." in low or ":" in low) else ""
    if low in ("localhost", "local", "loopback", "private", "reserved", "linklocal") or low.endswith(
        (".local", ".localhost", ".localdomain", ".internal", ".lan")
    ):
        return "local_network"
    return ""


def _account(canonical: str, op: str, low: str) -> str:
    """The class of an account, SID or logon id."""
    if low.endswith("$") and op in ("endswith", "eq", "like", "re", "contains"):
        return "machine_account"
    if low in _SYSTEM_ACCOUNTS or low.startswith(
        ("nt authority", "nt service", "autorite nt", "window manager", "font driver")
    ):
        return "system_account"
    if "authori" in low or "autori" in low or "dwm-" in low or "umfd-" in low:
        return "system_account"
    if low.startswith(_SYSTEM_SIDS):
        return "system_account"
    if low.startswith(_SERVICE_ACCOUNT_STARTS) or any(piece in low for piece in _SERVICE_ACCOUNTS):
        return "service_account"
    if canonical.endswith((".name", ".sid", ".id")) or canonical in ("SubjectUserName", "TargetUserName"):
        if low.startswith(("msol_", "aad_", "svc", "healthmailbox")):
            return "service_account"
        if low.isdigit() and int(low) < 1000:
            return "system_account"
    return ""


def _private(low: str) -> bool:
    """Whether an address or network is not one of the Internet's."""
    if low in ("::1", "::", "::1/128", "0:0:0:0:0:0:0:1", "fc", "fd", "fe80", "fe8", "fe9", "fea", "feb"):
        return True
    if low.startswith("172."):
        second = low[4:].partition(".")[0]
        return second.isdigit() and 16 <= int(second) <= 31
    if low.startswith("100."):
        second = low[4:].partition(".")[0]
        return second.isdigit() and 64 <= int(second) <= 127
    return low.startswith(_PRIVATE) and ("." in low or ":" in low)


@lru_cache(maxsize=1)
def _lists() -> tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]:
    """(class, words, phrases), in the order asked, from `data/benign.tsv`."""
    known: dict[str, list[str]] = {}
    phrases: dict[str, list[str]] = {}
    for line in tables.lines("benign.tsv"):
        name, kind, found = line.split("\t")
        if kind == "words":
            known.setdefault(name, []).extend(found.split())
        elif kind == "phrases":
            phrases.setdefault(name, []).extend(found.split("|"))
    return tuple(
        (name, frozenset(known.get(name, ())), tuple(phrases.get(name, ())))
        for name in CLASSES
        if name in known or name in phrases
    )


@lru_cache(maxsize=1)
def _whole() -> dict[str, str]:
    """Class by whole value: names too common to look for inside others."""
    rows = (line.split("\t") for line in tables.lines("benign.tsv"))
    return {value: name for name, kind, found in rows if kind == "whole" for value in found.split("|")}


def _named(low: str) -> str:
    """The class of the program, product or folder that a value names."""
    whole = _whole().get(low)
    if whole:
        return whole
    tokens = _tokens(low)
    for name, known, phrases in _lists():
        if not known.isdisjoint(tokens):
            return name
        for phrase in phrases:
            if phrase in low:
                return name
    return ""
