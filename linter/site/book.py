"""What every page is made with: the catalog, its rules and where each of them is opened, the templates. One a process."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup, escape

from linter import __version__
from linter.catalog import layout
from linter.catalog.load import Catalog
from linter.catalog.model import CatalogRule, Reach
from linter.reporters.catalog_pages import NAMES
from linter.reporters.clean import plain
from linter.rule import Indicator
from linter.taxonomy import attack

HERE = Path(__file__).parent
LARGE = 300  # rules: a page of more shows less of each, and sends readers to sub-techniques' pages
MOST = 300  # characters of a text by strangers that a page shows
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"https://[\w./#-]+[\w/#-]")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LABELS = {
    "macos": "macOS", "aws": "AWS", "gcp": "Google Cloud", "m365": "Microsoft 365", "google_workspace": "Google Workspace",
    "github": "GitHub", "gitlab": "GitLab", "jvm": "JVM", "sql": "SQL", "edr": "EDR", "llm": "LLM", "saas": "SaaS",
    "api": "API", "iam": "IAM", "nodejs": "Node.js", "paloalto": "Palo Alto", "rpc_firewall": "RPC Firewall",
    "ruby_on_rails": "Ruby on Rails",
}  # fmt: skip


class Ref(NamedTuple):
    """A rule as a list names it: its vendor's name, its title, and the address where it opens (from one folder down)."""

    handle: str
    vendor: str
    title: str
    href: str


class Book:
    """The catalog as pages need it. Addresses are those from a page one folder down (`../techniques/T1021.002.html`)."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.env = environment()
        self._page_of: dict[str, str] = {}
        self._titles_of: dict[str, str] = {}
        self._written: dict[tuple[Indicator, int], str] = {}
        self._reaches: dict[Indicator, Reach] = {}

    @cached_property
    def rules(self) -> dict[str, CatalogRule]:
        """Every rule by handle."""
        return {rule.handle: rule for rule in self.catalog.every_rule()}

    @cached_property
    def techniques(self) -> frozenset[str]:
        """The techniques that have a page: those of ATT&CK, and those that a rule tags."""
        return frozenset(attack.all_ids()) | frozenset(self.catalog.technique_names())

    @cached_property
    def classes(self) -> dict[str, str]:
        """The event classes that have a page, with the name of its file."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for cls in self.catalog.class_names():
            name = layout.slug(cls)
            if name in taken:
                name = f"{name}-{token(cls)}"
            taken.add(name)
            found[cls] = name
        return found

    @cached_property
    def _events(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(class, title) of each concrete event whose class has a page of its own."""
        found: dict[tuple[str, str], tuple[str, str]] = {}
        for rule in self.rules.values():
            for cls, provider, id, _ in rule.events:
                if id and cls.endswith(f":{id.lower()}") and cls in self.classes:
                    found[provider, id] = (cls, "")
        return {key: (cls, shown(self.catalog.event_title(*key), 120)) for key, (cls, _) in found.items()}

    def event_class(self, provider: str, id: str) -> str:
        """The class of a concrete event that has a page of its own; "" when it has none."""
        return self._events.get((provider, id), ("", ""))[0]

    @cached_property
    def _titles(self) -> dict[str, str]:
        return dict(self._events.values())

    def class_title(self, cls: str) -> str:
        """The title of the event that a class is; "" for a wider one."""
        return self._titles.get(cls, "")

    @cached_property
    def reach(self) -> Counter[Indicator]:
        """How many rules use each indicator."""
        return Counter(one for rule in self.rules.values() for one in rule.indicators)

    def page_of(self, rule: CatalogRule) -> str:
        """The page that a rule opens on, as `techniques/T1021.002.html`: of its first sub-technique, technique or class."""
        found = self._page_of.get(rule.handle)
        if found is None:
            found = self._page_of[rule.handle] = self._choose(rule)
        return found

    def _choose(self, rule: CatalogRule) -> str:
        known = [one for one in rule.techniques if one in self.techniques]
        if known:
            return f"techniques/{next((one for one in known if '.' in one), known[0])}.html"
        if rule.classes:
            return f"classes/{self.classes[rule.classes[0]]}.html"
        return f"vendors/{rule.vendor}.html"

    def ref(self, handle: str, here: str) -> Ref:
        """A rule as a list on the page `here` names it; its address is on that page when it opens there."""
        rule = self.rules[handle]
        title = self._titles_of.get(handle)
        if title is None:
            title = self._titles_of[handle] = shown(rule.title or rule.id, 160)
        return Ref(anchor(handle), NAMES[rule.vendor], title, self.href(rule, here))

    def href(self, rule: CatalogRule, here: str) -> str:
        """Where a rule opens, seen from the page `here`: on it, if that is one of its techniques and not too large."""
        folder, _, name = here.partition("/")
        name = name.removesuffix(".html")
        page = self.page_of(rule)
        if folder == "techniques":
            below = next((one for one in rule.techniques if one.startswith(f"{name}.")), "")
            if below and len(self.catalog.technique(name).rules) > LARGE:
                page = f"techniques/{below}.html"
            elif below or name in rule.techniques:
                return f"#{anchor(rule.handle)}"
        return f"#{anchor(rule.handle)}" if page == here else f"../{page}#{anchor(rule.handle)}"

    def written(self, indicator: Indicator, most: int = MOST) -> str:
        """The value as most rules write it, safe to show."""
        found = self._written.get((indicator, most))
        if found is None:
            found = self._written[indicator, most] = shown(self.catalog.written(indicator), most)
        return found

    def reached(self, indicator: Indicator) -> Reach:
        """How many rules of the whole corpus use an indicator, by vendor."""
        found = self._reaches.get(indicator)
        if found is None:
            found = self._reaches[indicator] = self.catalog.reach(indicator)
        return found

    def render(self, template: str, here: str, **more: Any) -> str:
        """A page. `here` is its path in the site."""
        root = "../" if "/" in here else ""
        return self.env.get_template(template).render(
            root=root, here=here, version=__version__, sources=self.sources, vendors=NAMES, **more
        )

    @cached_property
    def sources(self) -> list[dict[str, str]]:
        """Where the rules come from: each corpus with its commit, date and licence."""
        found = []
        for snapshot in self.catalog.snapshots:
            for corpus in snapshot.manifest["corpora"]:
                found.append(
                    {
                        "vendor": corpus["vendor"],
                        "name": NAMES.get(corpus["vendor"], "Other") + (f" ({shown(snapshot.name)})" if snapshot.name else ""),
                        "repository": shown(corpus["repository"]),
                        "url": web(corpus["url"]),
                        "commit": plain(corpus["commit"])[:12],
                        "date": shown(corpus["date"], 40),
                        "licence": shown(corpus["licence"], 60),
                        "rules": f"{corpus['rules']:,}",
                    }
                )
        return found


def environment() -> jinja2.Environment:
    """The templates: everything that is put in is escaped, an unknown name is an error."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters["n"] = lambda number: f"{number:,}"
    env.filters["label"] = label
    env.filters["inline"] = inline
    env.globals["plural"] = lambda number, word: f"{number:,} {word}{'' if number == 1 else 's'}"
    return env


def shown(text: str, most: int = MOST) -> str:
    """A text by strangers as one line of visible characters, at most `most` of them and a word about the rest."""
    if len(text) > most:
        return f"{plain(text[:most])}… ({len(text) - most:,} more characters)"
    return plain(text)


def inline(text: str) -> Markup:
    """A sentence with `code` and addresses; everything else is text."""
    out = Markup("")
    for number, part in enumerate(_CODE.split(text)):
        if number % 2:
            out += Markup("<code>{}</code>").format(part)
            continue
        at = 0
        for found in _LINK.finditer(part):
            out += escape(part[at : found.start()]) + Markup('<a href="{0}">{0}</a>').format(found.group())
            at = found.end()
        out += escape(part[at:])
    return out


def web(url: str) -> str:
    """An address that a page may link to; "" for what is no web address."""
    return plain(url) if url.startswith(("https://", "http://")) else ""


def anchor(handle: str) -> str:
    """A handle as an element's id."""
    return handle.replace(":", "-")


def token(*parts: str) -> str:
    """Seven characters that stand for some texts: the same in every build."""
    number = int.from_bytes(sha256("\t".join(parts).encode("utf-8", "replace")).digest()[:8], "big")
    return "".join(_ALPHABET[(number >> 5 * at) & 31] for at in range(7))


@lru_cache(maxsize=4096)
def label(word: str) -> str:
    """A platform, domain, tactic or class as a label: `google_workspace` is Google Workspace."""
    known = _LABELS.get(word.lower())
    if known:
        return known
    text = plain(word.replace("_", " ").replace("-", " "), 60)
    return text[:1].upper() + text[1:]


def tokens(*texts: str) -> list[str]:
    """The words that filters go by: lists taken apart, lower case, each once."""
    found: dict[str, None] = {}
    for text in texts:
        for word in text.split(","):
            name = plain("_".join(word.lower().split()), 40)
            if name:
                found[name] = None
    return list(found)
