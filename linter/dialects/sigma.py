"""Sigma: rules, multi-document files (`action: global`), correlations and filter documents.

Anchors of a rule: `title`, `id`, `tags`, `level`, `status`, `falsepositives`, `logsource`, `detection` and `selection:<name>`
run from the key to the end of the value; `condition` is the condition's text alone. A technique's span is that of its id
in the tag, without `attack.`; a predicate's is that of its value with its quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.dialects import sigma_detection, sigma_meta
from linter.dialects.draft import Draft, DraftTree
from linter.dialects.sigma_detection import Unreadable
from linter.dialects.yamldoc import Mapping, Scalar, Sequence, YamlError, documents, text_of
from linter.dialects.yamldoc import Node as Yaml
from linter.rule import Fault, Problem, Reading, Related, Rule
from linter.source import Source

_KEYS = r"(?m)^(?:- )?[\"']?(title|detection|logsource|correlation|filter|action)[\"']?[ \t]*:"
_PARTS = frozenset(("category", "product", "service"))
_INNER = r"(?m)^[ \t]+(?:[\"']?condition[\"']?[ \t]*:)"


def recognises(source: Source) -> bool:
    """Whether the text holds a Sigma rule, correlation or filter; a broken one counts when its top-level keys say so."""
    text = source.text
    if not any(word in text for word in ("detection", "logsource", "correlation", "filter")):
        return False
    if "\n```" in text or text.startswith("```"):
        return False  # a rule quoted in a document; in YAML nothing can stand at the margin like this
    if "\ndetection:" in text and "\nlogsource:" in text:
        return True
    keys = set(re.findall(_KEYS, text))
    if "detection" in keys and "logsource" in keys:
        return True
    if not keys and text[:200].lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", "-"):
        return False
    try:
        roots = documents(source)
    except YamlError:
        return "detection" in keys and "title" in keys and re.search(_INNER, text) is not None
    return any(_is_rule(root) for root in _maps(roots))


def _maps(roots: list[Yaml]) -> Iterator[Yaml]:
    """The documents; a list of mappings (rules as JSON) counts as one each."""
    for root in roots:
        if isinstance(root, Sequence) and root.items and all(isinstance(item, Mapping) for item in root.items):
            yield from root.items
        else:
            yield root


def _is_rule(root: Yaml) -> bool:
    if not isinstance(root, Mapping):
        return False
    detection, correlation, exclusion = root.get("detection"), root.get("correlation"), root.get("filter")
    source = root.get("logsource")
    if (
        isinstance(source, Mapping)
        and root.get("title") is not None
        and _PARTS.intersection(key.text for key, _ in source.items)
    ):
        return True
    if detection is not None and (source is not None or (isinstance(detection, Mapping) and detection.get("condition"))):
        return True
    if isinstance(correlation, Mapping) and (correlation.get("rules") or correlation.get("timespan")):
        return True
    return isinstance(exclusion, Mapping) and source is not None and exclusion.get("condition") is not None


def read(source: Source) -> Reading:
    """The rules of a file; each faulty piece of metadata is a fault of its rule, what has no readable detection a problem."""
    problems: list[Problem] = []
    try:
        roots = documents(source)
    except YamlError as error:
        roots = error.read
        rest = source.text[roots[-1].end if roots else 0 :]
        problems.append(Problem(error.message, error.start, error.end, _line(rest, "id"), _line(rest, "title")))
    drafts: list[Draft] = []
    named: dict[str, None] = {}
    shared: Mapping | None = None
    previous: Mapping | None = None
    many = len(roots) > 1
    names: dict[str, list[Draft]] = {}
    for root in _maps(roots):
        if isinstance(root, Scalar) and root.value is None:
            continue
        if not isinstance(root, Mapping) or not root.items:
            problems.append(Problem("the document is no mapping, so no rule", root.start, max(root.end, root.start + 1)))
            continue
        action = text_of(root.get("action"))
        if action == "global":
            shared = previous = root
            continue
        if action == "reset":
            shared = None
            continue
        if action == "repeat" and previous is not None:
            root = previous = _merged(previous, root)
        elif isinstance(root.get("detection"), Mapping) or root.get("correlation") is root.get("filter"):
            root = previous = _merged(root, shared) if shared is not None else root
        draft = Draft(source.path, "sigma")
        try:
            _document(source, root, draft, named)
        except Unreadable as error:
            problems.append(Problem(error.message, error.start, error.end, draft.id, draft.title))
            continue
        if action and action != "repeat":
            draft.faults.append(Fault("action-value", f"`{action[:40]}` is no action that Sigma knows", draft.start, draft.end))
        drafts.append(draft)
        if many:
            for name in {draft.id.lower(), text_of(root.get("name")).lower()} - {""}:
                names.setdefault(name, []).append(draft)
        if "#" in source.text:
            sigma_meta.comments(source, root.start, root.end, draft)
    for name in named:
        for draft in names.get(name.lower(), ()):
            if draft.kind == "rule":
                draft.kind = "base"
    if not drafts and not problems:
        problems.append(Problem("the file holds no rule", 0, min(1, len(source.text))))
    return Reading(tuple([_finished(draft) for draft in drafts]), tuple(problems))


def _finished(draft: Draft) -> Rule:
    if draft.related:
        known = {related.id.lower(): related for related in reversed(draft.related) if related.kind == "mention"}
        known.update({related.id.lower(): related for related in reversed(draft.related) if related.kind != "mention"})
        known.pop(draft.id.lower(), None)
        draft.related = [related for related in draft.related if known.get(related.id.lower()) is related]
    return draft.finish()


def _line(text: str, key: str) -> str:
    """The value of a top-level key in a text that is not YAML."""
    found = re.search(rf"^{key}:[ \t]*['\"]?([^\r\n]*)", text, re.MULTILINE)
    return found.group(1).split(" #")[0].strip(" \t'\"")[:256] if found else ""


def _merged(first: Mapping, second: Mapping) -> Mapping:
    """A document with another laid over it, mappings merged key by key, as pySigma does for global and repeat."""
    pairs = {key.text: (key, node) for key, node in first.items}
    for key, node in second.items:
        if key.text == "action":
            continue
        old = pairs.get(key.text)
        if old is not None and isinstance(node, Mapping) and isinstance(old[1], Mapping):
            pairs[key.text] = (old[0], _merged(old[1], node))
        else:
            pairs[key.text] = (key, node)
    pairs.pop("action", None)
    return Mapping(list(pairs.values()), first.start, first.end, first.flow)


def _document(source: Source, root: Mapping, draft: Draft, named: dict[str, None]) -> None:
    """One document into a draft; `named` collects the rules that correlations name. Unreadable without a detection."""
    meta = sigma_meta.Meta(source, draft)
    meta.read(root)
    detection, correlation, exclusion = root.get("detection"), root.get("correlation"), root.get("filter")
    if detection is None and isinstance(correlation, Mapping):
        _correlation(root, correlation, draft, named)
    elif detection is None and isinstance(exclusion, Mapping):
        _filter(source, root, exclusion, draft)
    else:
        _rule(source, root, draft, meta)


def _rule(source: Source, root: Mapping, draft: Draft, meta: sigma_meta.Meta) -> None:
    detection = root.get("detection")
    key = root.key("detection")
    if detection is None or key is None:
        what = next((name for name in ("correlation", "filter") if root.get(name) is not None), "")
        at = root.key(what) or root.items[0][0]
        raise Unreadable(f"`{what}` is no mapping" if what else "the rule has no detection", at.start, at.end)
    if not isinstance(detection, Mapping):
        raise Unreadable("the detection is no mapping of selections and a condition", key.start, max(key.end, detection.end))
    if root.get("logsource") is None:
        draft.faults.append(Fault("logsource-missing", "the rule has no log source", draft.start, draft.end))
    for name in ("correlation", "filter"):
        if (extra := root.get(name)) is not None:
            meta.fault(f"{name}-type", f"`{name}` has no meaning in a rule with a detection", extra, root.key(name))
    _detect(source, detection, key, draft)


def _detect(source: Source, detection: Mapping, key: Scalar, draft: Draft, skip: tuple[str, ...] = ()) -> None:
    draft.anchors.append(("detection", key.start, max(key.end, detection.end)))
    found = sigma_detection.read(source, detection, (key.start, key.end), skip)
    draft.trees.append(DraftTree(found.tree))
    draft.selections = found.selections
    draft.lists.extend(found.lists)
    draft.faults.extend(found.faults)
    draft.anchors.extend(found.anchors)


def _names(node: Yaml | None) -> list[str]:
    """Rule references: one text or a list of them."""
    items = node.items if isinstance(node, Sequence) else [node]
    return [text_of(item) for item in items if isinstance(item, Scalar) and text_of(item)]


def _correlation(root: Mapping, correlation: Mapping, draft: Draft, named: dict[str, None]) -> None:
    draft.kind = "correlation"
    key = root.key("correlation") or root.items[0][0]
    draft.anchors.append(("correlation", key.start, max(key.end, correlation.end)))
    condition = correlation.get("condition")
    names = _names(correlation.get("rules"))
    if not names and isinstance(condition, Scalar):  # an extended condition names them itself
        names = [word for word in re.findall(r"\w+", condition.text) if word not in ("and", "or", "not")]
    named.update(dict.fromkeys(names))
    draft.related.extend(Related(name, "base") for name in dict.fromkeys(names))
    draft.faults.extend(_judged("correlations", "SigmaCorrelationRule", root, key, draft))


def _filter(source: Source, root: Mapping, exclusion: Mapping, draft: Draft) -> None:
    draft.kind = "filter"
    key = root.key("filter") or root.items[0][0]
    draft.anchors.append(("filter", key.start, max(key.end, exclusion.end)))
    draft.related.extend(Related(name, "base") for name in dict.fromkeys(_names(exclusion.get("rules"))) if name != "any")
    _detect(source, exclusion, key, draft, ("rules",))
    draft.faults.extend(_judged("filters", "SigmaFilter", root, key, draft))


def _judged(module: str, cls: str, root: Mapping, key: Scalar, draft: Draft) -> list[Fault]:
    """What pySigma refuses in a correlation or filter document, beyond the metadata that has been judged here."""
    from importlib import import_module

    code = "correlation" if module == "correlations" else "filter"
    words = ("Correlation", "Timespan") if code == "correlation" else ("Filter", "Detection", "Condition", "Logsource")
    errors: list[Exception]
    try:
        data = {item.value: _plain(value) for item, value in root.items if item.value in (key.value, "logsource")}
        errors = getattr(import_module(f"sigma.{module}"), cls).from_dict({"title": "-", **data}, collect_errors=True).errors
    except Exception as raised:  # pySigma meets wrong types with whatever they raise
        errors = [raised]
    out = []
    for error in errors:
        if any(word in type(error).__name__ for word in words) or error.__class__.__module__ != "sigma.exceptions":
            strange = error.__class__.__module__ == "builtins"
            text = f"a value in `{key.value}` is of a type that Sigma does not allow there" if strange else str(error)
            if not any(fault.start == key.start and fault.message == text for fault in draft.faults):
                out.append(Fault(code, " ".join(text.split())[:300], key.start, key.end))
    return out


def _plain(node: Yaml) -> object:
    """A node as PyYAML's safe loader would give it."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {key.value: _plain(item) for key, item in node.items}
