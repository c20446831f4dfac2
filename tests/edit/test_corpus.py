"""An exclusion added to public rules: others still read them, and only the right lines are touched."""

from __future__ import annotations

import random
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from linter.dialects import registry as dialects
from linter.dialects.edit import proof, registry
from linter.dialects.edit.base import Refused
from linter.dialects.edit.proof import Unproven
from linter.discover import look
from linter.finding import AddExclusion
from linter.source import Source
from tests.shared import SHARED, needs_shared

CORPUS = SHARED / "corpora" / "2026-08"
INTENTS = {
    "sigma": AddExclusion("ParentImage", "startswith", "C:\\Program Files\\Acme\\", (("User", "contains", "AUTHORI"),)),
    "elastic": AddExclusion("process.parent.executable", "startswith", "C:\\Program Files\\Acme\\"),
    "splunk": AddExclusion("Processes.parent_process_path", "startswith", "C:\\Program Files\\Acme\\"),
    "kusto": AddExclusion("InitiatingProcessFolderPath", "startswith", "C:\\Program Files\\Acme\\"),
    "yaral": AddExclusion("principal.process.file.full_path", "startswith", "C:\\Program Files\\Acme\\"),
}
SUFFIXES = {"sigma": "*.yml", "elastic": "*.toml", "splunk": "*.yml", "kusto": "*.yaml", "yaral": "*.yaral"}
SIZES = {"sigma": 150, "elastic": 80, "splunk": 80, "kusto": 80, "yaral": 80}
LEAST = {"sigma": 0.95, "elastic": 0.85, "splunk": 0.2, "kusto": 0.1, "yaral": 0.8}


def sample(dialect: str) -> list[Path]:
    files = sorted((CORPUS / dialect).rglob(SUFFIXES[dialect]))
    return random.Random(11).sample(files, min(SIZES[dialect], len(files)))


@needs_shared
@pytest.mark.parametrize("dialect", INTENTS)
def test_public_rules(dialect: str) -> None:
    tried = made = 0
    for path in sample(dialect):
        seen = look(str(path))
        if seen.source is None or seen.dialect != dialect:
            continue
        source = seen.source
        reading = dialects.dialect(dialect).read(source)
        for rule in reading.rules[:1]:
            tried += 1
            try:
                fix = registry.fix(source, rule, INTENTS[dialect])
                proven = proof.carried_out(source, reading, rule, INTENTS[dialect], fix)
            except (Refused, Unproven):
                continue
            made += 1
            spans = [(start, end) for name, start, end in rule.anchors if name in ("condition", "query")]
            check(source, proven.source, spans, dialect)
    assert made > LEAST[dialect] * tried, (made, tried)


def check(old: Source, new: Source, spans: list[tuple[int, int]], dialect: str) -> None:
    lines = {number for start, end in spans for number in range(old.position(start).line, old.position(end).line + 1)}
    before, after = old.text.splitlines(), new.text.splitlines()
    for tag, start, end, _, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        assert tag in ("equal", "insert") or set(range(start + 1, end + 1)) <= lines, (old.path, before[start:end])
    if dialect == "sigma":
        from sigma.collection import SigmaCollection

        errors = [SigmaCollection.from_yaml(one.text, collect_errors=True).errors for one in (old, new)]
        assert len(errors[1]) <= len(errors[0]), old.path
