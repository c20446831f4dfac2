"""What is fuzzed, and what must hold for every text.

A text is a seed (a rule written here) with edits: pieces of other seeds and of the dialect's own words put in, repeated, or
taken away. Hypothesis chooses the edits and makes a failing case small.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from hypothesis import strategies as st

from fuzz.seeds import SEEDS, WORDS
from linter import engine
from linter.catalog.snapshot import shipped
from linter.checks.base import Options
from linter.dialects import registry
from linter.discover import judge
from linter.reading import decode
from linter.rule import Reading
from linter.source import Source

DIALECTS = registry.NAMES
NAMES = {"sigma": "rule.yml", "elastic": "rule.toml", "splunk": "rule.yml", "kusto": "rule.yaml", "yaral": "rule.yaral"}
SECONDS = 2.0  # for one text, however it is made
MOST = 60_000  # characters of a text

Edit = tuple[str, int, int, str]


def texts(dialect: str) -> st.SearchStrategy[str]:
    """Texts that look like rules of a dialect, more or less."""
    seeds = SEEDS[dialect]
    words = st.sampled_from(WORDS[dialect])
    piece = st.one_of(words, words, st.text(max_size=12), st.sampled_from(["\0", "\ufeff", "\r", "\u2028", "\ud7ff", "9" * 30]))
    edit = st.tuples(
        st.sampled_from(["put", "put", "put", "cut", "copy", "swap", "repeat"]),
        st.integers(0, 5_000),
        st.integers(0, 300),
        piece,
    )
    return st.builds(edited, st.sampled_from(seeds), st.lists(edit, max_size=12))


def edited(text: str, edits: list[Edit]) -> str:
    """The text with the edits made, one after the other."""
    for how, where, length, piece in edits:
        at = where % (len(text) + 1)
        end = min(len(text), at + length)
        if how == "put":
            text = text[:at] + piece + text[at:]
        elif how == "cut":
            text = text[:at] + text[end:]
        elif how == "copy":
            text = text[:at] + text[at:end] + text[at:]
        elif how == "swap":
            text = text[:at] + piece + text[end:]
        else:
            text = text[:at] + piece * (1 + length % 40) + text[at:]
        text = text[:MOST]
    return text


@lru_cache(maxsize=1)
def _catalog() -> Callable[[], object]:
    there = (shipped() / "manifest.json").is_file()

    def load() -> object:
        return engine.catalog(("",))

    return load if there else lambda: None


def check(dialect: str, text: str) -> None:
    """AssertionError, or whatever else is raised, when reading or linting a text goes wrong."""
    start = time.process_time()
    path = NAMES[dialect]
    loaded = decode(path, text.encode("utf-8", "surrogatepass"))
    judge(path, loaded)  # which dialect is it? may say what it likes, and never raises
    if not isinstance(loaded, Source):
        return
    reading = registry.read(dialect, loaded)
    places(reading, len(loaded.text))
    if (shipped() / "manifest.json").is_file():
        options = Options(persona="auditor")
        result = engine.lint_look(judge(path, loaded, dialect), options, _catalog())  # type: ignore[arg-type]
        for finding in result.findings:
            assert 0 <= finding.start <= finding.end <= len(loaded.text), finding
            assert finding.message.strip(), finding
    used = time.process_time() - start
    assert used < SECONDS, f"{used:.1f} s"


def places(reading: Reading, length: int) -> None:
    """Everything has a place in the text."""
    for problem in reading.problems:
        assert 0 <= problem.start <= problem.end <= length + 1, problem
        assert problem.message.strip(), problem
    for rule in reading.rules:
        assert 0 <= rule.start <= rule.end <= length, (rule.start, rule.end)
        for predicate in rule.predicates():
            assert 0 <= predicate.start <= predicate.end <= length, predicate
        for technique in rule.techniques:
            assert 0 <= technique.start <= technique.end <= length, technique
        for fault in rule.faults:
            assert 0 <= fault.start <= fault.end <= length, fault
