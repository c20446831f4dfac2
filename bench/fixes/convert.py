"""Converts fixed Sigma rules to Splunk and Elasticsearch queries and looks for the exclusion in them.

    python -m bench.fixes.run --dialect sigma --pairs DIR
    VENV/bin/python bench/fixes/convert.py DIR/sigma.jsonl

The backends need pySigma 1, so this runs in an environment of its own, without siftlint:
`pip install 'pysigma<2' pysigma-backend-splunk pysigma-backend-elasticsearch`.

Counted a rule and backend: converted before and after, containing every exclusion; what fails after and did not before.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from sigma.backends.elasticsearch import LuceneBackend
from sigma.backends.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.modifiers import modifier_mapping

BACKENDS: dict[str, Any] = {"splunk": SplunkBackend, "elasticsearch": LuceneBackend}
SHAPES = ("contains", "startswith", "endswith", "re", "cidr", "gt", "gte", "lt", "lte", "exists")


def converted(backend: Any, text: str) -> list[str]:
    """The queries of a rule file."""
    return [str(one) for one in backend().convert(SigmaCollection.from_yaml(text))]


def pieces(backend: Any, part: tuple[str, str, str]) -> list[str]:
    """The query of (field, op, value) alone, and what of it is left when it is one of a list of values."""
    field, op, value = part
    key = f"{field}|{op}" if op in SHAPES else field
    body: Any = (
        None if op == "null" else int(value) if op == "eq" and value.isdigit() and (value == "0" or value[:1] != "0") else value
    )
    if op in ("gt", "gte", "lt", "lte"):
        body = float(value) if "." in value else int(value)
    if isinstance(body, str) and op not in ("re", "cidr"):
        run = "".join("\\\\" if char == "\\" else f"\\{char}" if char in "*?" and op != "like" else char for char in body)
        body = run
    rule = {
        "title": "x", "logsource": {"category": "test"}, "detection": {"a": {key: body}, "condition": "a"},
    }  # fmt: skip
    query = converted(backend, yaml.safe_dump(rule))[0]
    alone = query.partition("=" if backend is SplunkBackend else ":")[2].strip("()")
    return [query, alone] + ([alone.strip('"/')] if op == "re" else [])  # Splunk's backend puts a regex into a `rex`


def main() -> int:
    """Runs it."""
    assert "contains" in modifier_mapping
    counts: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        path, _, before, after, made = json.loads(line)
        for name, backend in BACKENDS.items():
            try:
                old = converted(backend, before)
            except Exception as error:
                counts[f"{name}: not converted before either ({type(error).__name__})"] += 1
                continue
            try:
                new = converted(backend, after)
            except Exception as error:
                counts[f"{name}: FAILED after"] += 1
                print(f"FAILED {name} {path}: {type(error).__name__}: {error}")
                continue
            text = "\n".join(new)
            missing = []
            for field, op, value, extra in made:
                for part in ((field, op, value), *map(tuple, extra)):
                    if not any(piece and piece in text for piece in pieces(backend, part)):
                        missing.append(part)
            if missing or new == old:
                counts[f"{name}: WITHOUT the exclusion"] += 1
                print(f"WITHOUT {name} {path}: {missing}")
            else:
                counts[f"{name}: converted with the exclusion"] += 1
    for what, count in sorted(counts.items()):
        print(f"{count:>6}  {what}")
    return int(any(word.isupper() for what in counts for word in what.split()))


if __name__ == "__main__":
    sys.exit(main())
