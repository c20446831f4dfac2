"""Google SecOps rule files: YARA-L 2.0, several rules a file, metadata by the habits of Google's community rules."""

from __future__ import annotations

import re

from linter.dialects.draft import Draft, DraftTree
from linter.dialects.queries import yaral as front
from linter.dialects.queries.yaral import Meta, RuleText
from linter.rule import Fault, Problem, Reading, Related, Rule
from linter.source import Source

_HEAD = r"(?:^|[\r\n}/])[ \t]*(?:(?:private|global)[ \t]+){0,2}rule[ \t]+[A-Za-z_]\w*\s*(?:\{|//|/\*)"
_EVENTS = r"(?:^|[\r\n{])[ \t]*(?:events[ \t]*:|stage[ \t]+\w+[ \t\r\n]*\{)"
_FIELD = r"\$\w+\.(?:metadata|principal|target|src|observer|about|network|security_result|graph|udm|extracted|additional)\b"
_STRINGS = r"(?:^|[\r\n{])[ \t]*strings[ \t]*:"
_TECHNIQUE = r"\b[Tt]\d{4}(?:[./]\d{3})?(?!\d)"
_URL = r"attack\.mitre\.org/\S{0,60}techniques/([Tt]\d{4}(?:[./]\d{3})?)(?!\d)"
_TAG_KEYS = ("technique", "mitre", "attack")
_FALSE_POSITIVES = ("false_positives", "falsepositives")
_HUNTS = ("hunt", "hunting", "threat_hunt", "threat hunting")


def recognises(source: Source) -> bool:
    """A `rule NAME {` with an events section, or with UDM fields; a YARA rule has neither."""
    text = source.text
    if "rule" not in text or re.search(_HEAD, text) is None:
        return False
    if re.search(_EVENTS, text):
        return True
    return re.search(_FIELD, text) is not None and re.search(_STRINGS, text) is None


def read(source: Source) -> Reading:
    """The rules of the file and the place of what can't be read; never raises."""
    parsed = front.parse(source.text)
    problems = [
        Problem(message, start, end, _value(meta, "rule_id"), _title(meta, name))
        for message, start, end, name, meta in parsed.broken
    ]
    if not parsed.rules and not problems:
        problems.append(Problem("no rule: expected rule NAME { meta: … events: … condition: … }", 0, 0))
    return Reading(tuple(_finished(source, rule) for rule in parsed.rules), tuple(problems))


def _value(meta: tuple[Meta, ...], *keys: str) -> str:
    """The value of the first of the keys that the rule has."""
    return next((each.value.strip() for key in keys for each in meta if each.key.lower() == key and each.value.strip()), "")


def _title(meta: tuple[Meta, ...], name: str) -> str:
    return _value(meta, "rule_name", "title") or name


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))


def _finished(source: Source, rule: RuleText) -> Rule:
    meta = rule.meta
    kind = _value(meta, "type").lower()
    tags = [f"type.{kind}"] if kind else []
    if kind in _HUNTS:
        tags.append("threat-hunting")
    origin = _value(meta, "sigma_uuid", "sigma_id")
    draft = Draft(
        path=source.path,
        dialect="yaral",
        id=_value(meta, "rule_id", "id", "uuid"),
        title=_title(meta, rule.name),
        start=rule.start,
        end=rule.end,
        trees=[DraftTree(part.tree, part.sources) for part in rule.query.parts],
        techniques=_techniques(source.text, rule),
        sources=tuple(f"data_source:{each}" for each in _split(_value(meta, "data_source"))),
        platforms=_listed(_value(meta, "platform", "platforms") or _value(meta, "product")),
        author=_value(meta, "author"),
        date=_value(meta, "created", "creation_date", "date"),
        status=_value(meta, "status", "sigma_status").lower(),
        level=_value(meta, "severity").lower(),
        tags=tuple(tags) + _listed(_value(meta, "tags")),
        related=[Related(origin, "derived")] if origin else [],
        false_positives=tuple(each.value for each in meta if each.key.lower() in _FALSE_POSITIVES and each.value),
        lists=list(rule.query.lists),
        faults=[Fault("meta-syntax", each.message, each.start, each.end) for each in rule.faults],
        anchors=_anchors(rule),
    )
    if not rule.query.parts:
        draft.trees = []
    return draft.finish()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _techniques(text: str, rule: RuleText) -> list[tuple[str, int, int]]:
    """Techniques as tagged: in the keys made for them, else in ATT&CK's addresses anywhere, else in the outcome section."""
    for found in (
        _matches(text, [each for each in rule.meta if any(word in each.key.lower() for word in _TAG_KEYS)], _TECHNIQUE, 0),
        _matches(text, list(rule.meta), _URL, 1),
        _matches(text, [each for each in rule.outcomes if "technique" in each.key.lower()], _TECHNIQUE, 0),
    ):
        if found:
            return found
    return []


def _matches(text: str, places: list[Meta], pattern: str, group: int) -> list[tuple[str, int, int]]:
    out: dict[str, tuple[str, int, int]] = {}
    for place in places:
        for found in re.finditer(pattern, text[place.start : place.end]):
            start, end = found.span(group)
            name = found[group].replace("/", ".")
            out.setdefault(name.upper(), (name, place.start + start, place.start + end))
    return list(out.values())


def _anchors(rule: RuleText) -> list[tuple[str, int, int]]:
    """Places for edits: each section by its name, `query` (the events), and `events:$e`, the statements of a variable."""
    out = [("query", start, end) for name, start, end in rule.sections if name == "events"]
    out += [("tags", each.start, each.end) for each in rule.meta if "technique" in each.key.lower()][:1]
    out += [(name, start, end) for name, start, end in rule.sections]
    return out + [(f"events:{name}", start, end) for name, start, end in rule.variables]
