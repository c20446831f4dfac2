"""The public Elastic rules, read from end to end."""

import time
from collections import Counter

import pytest

from linter.dialects import elastic
from linter.source import Source
from tests.dialects.elastic_corpus import CORPUS, queries
from tests.shared import needs_shared

pytestmark = [needs_shared, pytest.mark.xdist_group("elastic corpus")]  # one process reads the files


def test_every_rule_is_read() -> None:
    kinds: Counter[str] = Counter()
    with_technique = 0
    for path in sorted(CORPUS.rglob("*.toml")):
        source = Source(path.name, path.read_text(encoding="utf-8"))
        assert elastic.recognises(source), path
        reading = elastic.read(source)
        assert reading.problems == (), path
        (made,) = reading.rules
        kinds[made.kind] += 1
        with_technique += bool(made.techniques)
        assert source.text[made.start : made.end] == made.title
        for predicate in made.predicates():
            assert 0 < predicate.start < predicate.end <= len(source.text)
            if predicate.op == "eq" and predicate.value.isalnum() and not predicate.derived:
                assert predicate.value in source.text[predicate.start : predicate.end] or predicate.value == "true", path
    assert kinds == {"rule": 1953, "building_block": 133, "ml": 106}
    assert with_technique == 2085


@pytest.mark.parametrize(("language", "count"), [("eql", 1081), ("kuery", 792), ("threat", 9), ("esql", 212), ("lucene", 1)])
def test_every_query_is_read(language: str, count: int) -> None:
    from importlib import import_module

    every = queries(language)
    assert len(every) == count
    before = time.process_time()
    for query in every:
        import_module(f"linter.dialects.queries.{query.language}").parse(query.text)
    spent = time.process_time() - before
    print(f"\n{language}: {1000 * spent / count:.2f} ms a query")
