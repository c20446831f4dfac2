"""Everything of a Sigma rule but its detection: who, when, which technique, which log source; faulty pieces become Faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from linter.dialects.draft import Draft
from linter.dialects.yamldoc import Mapping, Scalar, Sequence, text_of
from linter.dialects.yamldoc import Node as Yaml
from linter.rule import Fault, Related
from linter.source import Source

STATUSES = frozenset(("stable", "test", "experimental", "deprecated", "unsupported"))
LEVELS = frozenset(("informational", "low", "medium", "high", "critical"))
RELATIONS = {
    "derived": "derived", "obsolete": "obsolete", "obsoletes": "obsolete", "merged": "merged", "renamed": "renamed",
    "similar": "similar", "correlation": "base",
}  # fmt: skip
ENDPOINT = frozenset(("windows", "linux", "macos"))
_DOMAINS = {
    "endpoint": "windows linux macos",
    "cloud": "aws azure gcp m365 kubernetes",
    "identity": "okta onelogin auth0 pingfederate jumpcloud",
    "network": "zeek cisco fortigate fortios fortinet juniper huawei paloalto checkpoint sonicwall suricata snort dns netflow",
    "web": "apache nginx iis modsecurity cloudflare",
    "application": "github bitbucket gitlab opencanary qualys jvm spring sql python velocity "
    "django nodejs ruby_on_rails rpc_firewall",
}
_PRODUCTS = {product: domain for domain, products in _DOMAINS.items() for product in products.split()}
_IDENTITY = {
    ("azure", "signinlogs"), ("azure", "auditlogs"), ("azure", "riskdetection"), ("azure", "pim"), ("cisco", "duo"),
    ("gcp", "google_workspace.login"),
}  # fmt: skip
_CATEGORIES = {
    "webserver": "web", "proxy": "web", "waf": "web", "firewall": "network", "dns": "network", "ids": "network",
    "netflow": "network", "vpn": "network", "antivirus": "endpoint", "edr": "endpoint", "authentication": "identity",
    "application": "application", "database": "application", "email": "application", "appliance": "network",
}  # fmt: skip
_SERVICES = {"apache": "web", "nginx": "web", "iis": "web", "netflow": "network", "syslog": "endpoint", "auditd": "endpoint"}
_TECHNIQUE = re.compile(r"attack\.(t\d[\w.]*)", re.IGNORECASE)
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_IS_UUID = re.compile(_UUID)
_MENTION = rf"#[^\n]*?[\s:'\"(]({_UUID})(?![\w}}/-])"
_DATE = re.compile(r"([1-3]\d\d\d)(?:-([01]\d)-([0-3]\d)|/([01]?\d)/([0-3]?\d))(?:[Tt ].*)?")


class Meta:
    """The metadata of one document, going into a draft."""

    def __init__(self, source: Source, draft: Draft) -> None:
        self.source = source
        self.draft = draft

    def fault(self, code: str, message: str, node: Yaml, key: Scalar | None = None) -> None:
        """Notes a fault at a node; at its key where the node takes no room."""
        at: Yaml = key if key is not None and node.end <= node.start else node
        self.draft.faults.append(Fault(code, message, at.start, max(at.end, at.start + 1)))

    def read(self, root: Mapping) -> None:
        """Everything but detection, correlation and filter."""
        draft = self.draft
        for key, node in root.items:
            handler = _HANDLERS.get(key.text)
            if handler is not None:
                handler(self, key, node)
        for key in root.duplicates:
            self.fault("duplicate-key", f"`{key.text[:60]}` is repeated; the last one counts", key)
        if not draft.title:
            name, _ = root.items[0]
            draft.start, draft.end = name.start, name.end
            if root.get("title") is None:
                self.fault("title-missing", "the rule has no title", name)

    def text(self, key: Scalar, node: Yaml) -> str:
        """A text; a fault when it is something else."""
        if isinstance(node, Scalar):
            if not node.style and not isinstance(node.value, str):
                if node.value is None:
                    return ""
                self.fault(f"{key.text}-type", f"`{key.text}` should be a text; put it in quotes", node, key)
            return node.text
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        self.fault(f"{key.text}-type", f"`{key.text}` should be a text, not {kind}", node, key)
        return ""

    def texts(self, key: Scalar, node: Yaml) -> list[Scalar]:
        """The scalars of a list; a fault when it is something else."""
        if isinstance(node, Sequence):
            out = []
            for item in node.items:
                if not isinstance(item, Scalar):
                    self.fault(f"{key.text}-item", f"`{key.text}` should hold texts only", item)
                elif item.text:
                    out.append(item)
            return out
        if isinstance(node, Scalar):
            if node.value is None:
                return []
            self.fault(f"{key.text}-type", f"`{key.text}` should be a list, not one value", node, key)
            return [node]
        self.fault(f"{key.text}-type", f"`{key.text}` should be a list, not a mapping", node, key)
        return []

    def _title(self, key: Scalar, node: Yaml) -> None:
        draft = self.draft
        draft.title = " ".join(self.text(key, node).split())
        draft.start, draft.end = (node.start, node.end) if draft.title else (key.start, key.end)
        draft.anchors.append(("title", key.start, node.end))
        if not draft.title:
            self.fault("title-missing", "the title is empty", node, key)
        elif len(draft.title) > 256:
            self.fault("title-length", "the title is longer than 256 characters", node)

    def _id(self, key: Scalar, node: Yaml) -> None:
        draft = self.draft
        draft.anchors.append(("id", key.start, node.end))
        if isinstance(node, Scalar) and not node.style and not isinstance(node.value, str) and node.value is not None:
            self.fault("id-type", "the id is a number; it should be a UUID", node)
            draft.id = node.text
            return
        draft.id = self.text(key, node).strip()
        if draft.id and not _IS_UUID.fullmatch(draft.id):
            self.fault("id-format", "the id is not a UUID", node)

    def _tags(self, key: Scalar, node: Yaml) -> None:
        draft, text = self.draft, self.source.text
        draft.anchors.append(("tags", key.start, max(key.end, node.end)))
        tags = []
        for item in self.texts(key, node):
            tag = item.text.strip()
            tags.append(tag)
            if tag[:8].lower() == "attack.t" and (found := _TECHNIQUE.fullmatch(tag)):
                technique = found[1]
                at = text.find(technique, item.start, item.end)
                start, end = (at, at + len(technique)) if at >= 0 else (item.start, item.end)
                draft.techniques.append((technique, start, end))
            elif "." not in tag:
                self.fault("tag-namespace", f"the tag `{tag[:60]}` has no namespace (`namespace.name`)", item)
        draft.tags = tuple(tags)

    def _level(self, key: Scalar, node: Yaml) -> None:
        self.draft.level = self.word(key, node, LEVELS)

    def _status(self, key: Scalar, node: Yaml) -> None:
        self.draft.status = self.word(key, node, STATUSES)

    def word(self, key: Scalar, node: Yaml, known: frozenset[str]) -> str:
        """One of a few words."""
        self.draft.anchors.append((key.text, key.start, max(key.end, node.end)))
        word = self.text(key, node).strip()
        if word and word.lower() not in known:
            self.fault(
                f"{key.text}-value", f"`{word[:40]}` is no {key.text} that Sigma knows: {', '.join(sorted(known))}", node
            )
        return word

    def _author(self, key: Scalar, node: Yaml) -> None:
        if isinstance(node, Sequence):
            self.fault("author-type", "`author` should be a text, not a list", node)
            self.draft.author = ", ".join(text_of(item) for item in node.items if text_of(item))
            return
        self.draft.author = self.text(key, node).strip()

    def _date(self, key: Scalar, node: Yaml) -> None:
        self.draft.date = self.day(key, node)

    def day(self, key: Scalar, node: Yaml) -> str:
        """A date as yyyy-mm-dd, "" when it is none."""
        written = text_of(node)
        if day := _known_day(written) if len(written) <= 40 else _day(written):
            return day
        if written or not isinstance(node, Scalar):
            self.fault(f"{key.text}-value", f"`{key.text}` is no date (yyyy-mm-dd)", node, key)
        return ""

    def _related(self, key: Scalar, node: Yaml) -> None:
        if not isinstance(node, Sequence):
            if not (isinstance(node, Scalar) and node.value is None):
                self.fault("related-type", "`related` should be a list of id and type", node, key)
            return
        for item in node.items:
            other = text_of(item.get("id")) if isinstance(item, Mapping) else ""
            kind = text_of(item.get("type")) if isinstance(item, Mapping) else ""
            if not other or kind.lower() not in RELATIONS:
                self.fault("related-item", "an item of `related` should have an id and a type that Sigma knows", item)
            if other:
                self.draft.related.append(Related(other, RELATIONS.get(kind.lower(), "mention")))

    def _false_positives(self, key: Scalar, node: Yaml) -> None:
        self.draft.anchors.append(("falsepositives", key.start, max(key.end, node.end)))
        self.draft.false_positives = tuple(item.text.strip() for item in self.texts(key, node))

    def _description(self, key: Scalar, node: Yaml) -> None:
        self.mention(self.text(key, node))

    def mention(self, text: str) -> None:
        """Other rules named in prose."""
        if text.count("-") >= 4:
            for found in _IS_UUID.finditer(text):
                before = text[found.start() - 1 : found.start()]
                if before not in ("/", "{", "-", "="):
                    self.draft.related.append(Related(found.group().lower(), "mention"))

    def _logsource(self, key: Scalar, node: Yaml) -> None:
        draft = self.draft
        draft.anchors.append(("logsource", key.start, max(key.end, node.end)))
        if isinstance(node, Sequence) and (maps := [item for item in node.items if isinstance(item, Mapping)]):
            self.fault("logsource-type", "`logsource` should be a mapping, not a list; the first one is read", node)
            node = maps[0]
        if not isinstance(node, Mapping):
            self.fault("logsource-type", "`logsource` should be a mapping of category, product and service", node, key)
            return
        found = {}
        for name, value in node.items:
            if name.text in ("category", "product", "service"):
                if isinstance(value, Sequence) and value.items:
                    self.fault("logsource-item", f"`{name.text}` should be one text, not a list; the first is read", value)
                    found[name.text] = text_of(value.items[0]).strip().lower()
                else:
                    found[name.text] = self.part(name, value).strip().lower()
        for name in node.duplicates:
            self.fault("duplicate-key", f"`{name.text[:60]}` is repeated; the last one counts", name)
        draft.category, draft.product = found.get("category", ""), found.get("product", "")
        draft.service = found.get("service", "")
        if not any(found.values()):
            self.fault("logsource-empty", "the log source has no category, product or service", node, key)
        draft.domain = domain(draft.category, draft.product, draft.service)
        draft.platforms = (draft.product,) if draft.product else ()

    def part(self, key: Scalar, node: Yaml) -> str:
        """A part of the log source."""
        if isinstance(node, Scalar) and (node.style or isinstance(node.value, str) or node.value is None):
            return text_of(node)
        self.fault("logsource-item", f"`{key.text}` should be a text", node, key)
        return text_of(node)


def _day(written: str) -> str:
    """A date as yyyy-mm-dd, "" when it is none."""
    if found := _DATE.fullmatch(written.strip()):
        year, month, day = found[1], int(found[2] or found[4]), int(found[3] or found[5])
        if 1 <= month <= 12 and 1 <= day <= 31:
            return f"{year}-{month:02}-{day:02}"
    return ""


_known_day = lru_cache(maxsize=1024)(_day)  # rules are written and changed on the same days


def domain(category: str, product: str, service: str) -> str:
    """endpoint, cloud, identity, network, web or application; "" when the log source does not say."""
    if (product, service) in _IDENTITY:
        return "identity"
    if product in _PRODUCTS:
        return _PRODUCTS[product]
    return _CATEGORIES.get(category) or _SERVICES.get(service, "")


def comments(source: Source, start: int, end: int, draft: Draft) -> None:
    """Other rules that a comment between two offsets names."""
    text = source.text
    at = text.find("#", start, end)
    while at >= 0:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if text.count("-", at, stop) >= 4 and (found := re.compile(_MENTION).match(text, at, stop)):
            draft.related.append(Related(found.group(1).lower(), "mention"))
        at = text.find("#", stop, end)


def _a_list(meta: Meta, key: Scalar, node: Yaml) -> None:
    meta.texts(key, node)


def _a_text(meta: Meta, key: Scalar, node: Yaml) -> None:
    meta.text(key, node)


def _a_taxonomy(meta: Meta, key: Scalar, node: Yaml) -> None:
    name = meta.text(key, node).strip().lower()
    if name and name != "sigma":  # fields of another vocabulary; their meaning is looked up in its table
        meta.draft.sources = (*meta.draft.sources, f"taxonomy:{name}")


_HANDLERS: dict[str, Callable[[Meta, Scalar, Yaml], object]] = {
    "title": Meta._title, "id": Meta._id, "tags": Meta._tags, "level": Meta._level, "status": Meta._status,
    "author": Meta._author,
    "date": Meta._date, "modified": Meta.day, "related": Meta._related, "falsepositives": Meta._false_positives,
    "logsource": Meta._logsource, "description": Meta._description, "references": _a_list, "fields": _a_list, "scope": _a_list,
    "name": _a_text, "license": _a_text, "taxonomy": _a_taxonomy,
}  # fmt: skip
