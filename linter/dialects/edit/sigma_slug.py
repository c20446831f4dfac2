"""What a filter is called: a word or two for the value that it takes away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from linter.rule import Predicate, Rule, Term
from linter.taxonomy import classes, normalise

# Software that not every environment has: SigmaHQ calls a filter for it optional.
_OPTIONAL = frozenset((
    "security_product", "browser", "office_collaboration", "management_agent", "backup_storage", "virtualization",
    "container_runtime", "cloud_service", "hardware_vendor", "database_server", "developer_tool", "consumer_app",
))  # fmt: skip
_OF_CLASS = {"machine_account": "computer_accounts", "local_network": "local_ranges"}
_GENERAL = """
    main optional generic general common known legit legitimate benign fp fps img image images parent parents process processes
    program programs path paths folder folders location locations user users account accounts ip ips name names cli cmd
    commandline file files filename host hosts domain domains various others other misc list legit_path legit_paths legit_name
    legit_location known_locations known_paths paths_and_names
"""
_EXTENSIONS = re.compile(r"\.(?:exe|dll|sys|ps1|psm1|bat|cmd|vbs|js|msi|com|scr|cpl|ocx|tmp|py|sh|jar)$")
_EDGE = "*?/ $^" + "\\"
_SAYS_NOTHING = frozenset(("true", "false", "valid", "success", "failure", "none", "unknown", "n/a"))
_NOISE = frozenset(("c", "the", "microsoft", "windows", "users", "program", "files"))


def name(rule: Rule, parts: Sequence[tuple[str, str, str]]) -> tuple[str, bool]:
    """(words for an exclusion, whether it is about software that not everybody has)."""
    found = [_leaf(rule, part) for part in parts]
    kinds = [kind for kind, _ in found if kind]
    telling = [slug for kind, slug in found if kind in _OPTIONAL] + [
        slug for kind, slug in found if kind not in ("empty_value", "")
    ]
    return (telling or [found[0][1]])[0], any(kind in _OPTIONAL for kind in kinds)


def is_general(filter_name: str) -> bool:
    """Whether a filter's name says nothing of whose values it holds, so that one more may join them."""
    tail = re.sub(r"^(?:filter|fp|exclusion|exclude)s?", "", filter_name.lower())
    tail = re.sub(r"^_?(?:main|optional)_", "", tail).strip("_")
    tail = tail.rstrip("0123456789").strip("_")
    return not tail or tail in _GENERAL.split()


def _leaf(rule: Rule, part: tuple[str, str, str]) -> tuple[str, str]:
    """(benign class, words) of one (field, op, value)."""
    field, op, value = part
    made = normalise.predicates(Term(field, op, value, "", False, 0, 0), rule.dialect, rule.events)
    canonical = made.indicators[0] if isinstance(made, Predicate) and made.indicators else None
    kind = classes.classify(*canonical) if canonical is not None else ""
    if op == "null" or value == "":
        return "empty_value", "null" if op == "null" else "empty"
    if value == "-":
        return "empty_value", "placeholder"
    if kind in _OF_CLASS and not (kind == "local_network" and op not in ("cidr", "startswith", "eq")):
        return kind, "localhost" if value in ("127.0.0.1", "::1", "localhost") else _OF_CLASS[kind]
    if value.isdigit() or value.lower() in _SAYS_NOTHING:
        value = ""
    if op == "re":
        value = "_".join(re.findall(r"[A-Za-z]{3,}", re.sub(r"\\[A-Za-z]", " ", value))[:2])
    return kind, _words(value) or _words(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field)) or "value"


def _words(value: str) -> str:
    """The telling end of a value in lower case words: that of a path to `svchost.exe` is `svchost`."""
    low = value.lower().strip(_EDGE)
    if re.search(r"authori|autori", low):
        return "system_user"
    pieces = [piece for piece in re.split(r"[\\/]+", low) if re.search("[a-z]", piece)]
    last = pieces[-1] if pieces else low
    words = re.findall("[a-z0-9]+", _EXTENSIONS.sub("", last))
    if len(pieces) > 1 and (len(words) == 0 or (len(words) == 1 and len(words[0]) < 3)):
        words = re.findall("[a-z0-9]+", pieces[-2]) + words
    while len(words) > 3 and words[0] in _NOISE:
        words = words[1:]
    slug = ""
    for word in words[:4]:
        if slug and len(slug) + len(word) > 28:
            break
        slug += ("_" if slug else "") + word[:28]
    return slug if re.search("[a-z]", slug) else ""
