"""Carries out the best suggestions on public rules, and counts what became of them.

    python -m bench.fixes.run                       every Sigma rule, 200 random rules of each other dialect
    python -m bench.fixes.run --dialect sigma --pairs DIR     … and write each rule before and after, for bench/fixes/convert.py

For every rule its three best suggestions, one at a time and all together: tried, refused (why), applied. What is applied is
looked at by others than the editor: pySigma (Sigma) or ruamel.yaml and our dialect still read it; a line diff says which old
lines it touched; a second run has to change nothing. Needs ../shared and the shipped snapshot.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from linter import engine
from linter.catalog.rank import suggest
from linter.dialects import registry as dialects
from linter.dialects.edit import proof, registry
from linter.dialects.edit.base import Refused
from linter.discover import find, look
from linter.finding import AddExclusion, Fix
from linter.rule import Rule
from linter.source import Source
from tests.shared import SHARED

CORPUS = SHARED / "corpora" / "2026-08"
DIALECTS = ("sigma", "elastic", "splunk", "kusto", "yaral")
SAMPLE = 200


def intents(rule: Rule, snapshot: str = "", limit: int = 3) -> list[AddExclusion]:
    """The best suggestions for a rule as intents."""
    found = suggest(rule, engine.catalog((snapshot,)), limit)
    return [AddExclusion(*one.native, tuple(tuple(part) for part in one.extra)) for one in found]


def carry_out(source: Source, at: int, dialect: str, intent: AddExclusion) -> tuple[Fix, Source]:
    """The fix of an intent on the at-th rule of a file, and the text it makes. Refused, Unproven."""
    reading = dialects.dialect(dialect).read(source)
    rule = reading.rules[at]
    fix = registry.fix(source, rule, intent)
    if not fix.edits:
        raise Refused("display only")
    return fix, proof.carried_out(source, reading, rule, intent, fix).source


def touched(old: Source, new: Source) -> list[int]:
    """The old lines (1-based) that a line diff calls changed or gone."""
    before, after = old.text.split("\n"), new.text.split("\n")
    out: list[int] = []
    for tag, start, end, first, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag in ("replace", "delete"):
            # a last line without a line end gets one when a line is added behind it
            same = [one.rstrip("\r") for one in before[start:end]] == [one.rstrip("\r") for one in after[first:last]][
                : end - start
            ]
            out += [] if same else range(start + 1, end + 1)
    return out


def allowed(source: Source, rule: Rule) -> set[int]:
    """The lines of a rule's condition, or of its query."""
    names = ("condition",) if rule.dialect == "sigma" else ("query",)
    spans = [(start, end) for name, start, end in rule.anchors if name in names]
    lines: set[int] = set()
    for start, end in spans:
        lines.update(range(source.position(start).line, source.position(end).line + 1))
    return lines


def reads(dialect: str, source: Source) -> list[str]:
    """What another reader than ours has against a text."""
    if dialect == "sigma":
        from sigma.collection import SigmaCollection

        try:
            found = SigmaCollection.from_yaml(source.text, collect_errors=True)
            return [type(error).__name__ for error in found.errors] + [
                str(type(error).__name__) for rule in found.rules for error in _conditions(rule)
            ]
        except Exception as error:
            return [f"{type(error).__name__}"]
    if source.path.endswith((".yml", ".yaml")):
        from ruamel.yaml import YAML

        try:
            list(YAML(typ="safe", pure=True).load_all(source.text))
        except Exception as error:
            return [type(error).__name__]
    return []


def _conditions(rule: Any) -> Iterator[Exception]:
    for condition in getattr(getattr(rule, "detection", None), "parsed_condition", []):
        try:
            condition.parse()
        except Exception as error:
            yield error


def one_file(dialect: str, snapshot: str, path: str) -> dict[str, Any]:
    """What became of a file's rules."""
    out: dict[str, Any] = {"path": path, "tried": [], "pairs": []}
    seen = look(path, dialect)
    if seen.source is None:
        return out
    source = seen.source
    reading = dialects.dialect(dialect).read(source)
    before = reads(dialect, source)
    for at, rule in enumerate(reading.rules):
        wanted = intents(rule, snapshot)
        lines = allowed(source, rule)
        for intent in wanted:
            out["tried"].append(["single", *_attempt(dialect, source, at, [intent], lines, before)[:2]])
        if wanted:
            kind, reason, after, made = _attempt(dialect, source, at, wanted, lines, before)
            out["tried"].append(["together", kind, reason])
            if after is not None:
                out["pairs"].append([at, source.text, after.text, [list(one) for one in made]])
    return out


def _attempt(
    dialect: str, source: Source, at: int, wanted: list[AddExclusion], lines: set[int], before: list[str]
) -> tuple[str, str, Source | None, list[AddExclusion]]:
    """(applied, refused, unproven or a fault's name; why; the text; what was made)."""
    now, made, reason, kind = source, [], "", "refused"
    for intent in wanted:
        try:
            _, now = carry_out(now, at, dialect, intent)
            made.append(intent)
        except Refused as error:
            reason, kind = str(error), "refused"
        except proof.Unproven as error:
            reason, kind = str(error), "unproven"
        except Exception as error:
            reason, kind = f"{type(error).__name__}: {error}", "CRASH"
            break
    if not made or kind == "CRASH":
        return kind, reason, None, []
    if Counter(reads(dialect, now)) - Counter(before):
        return "UNREADABLE", str(reads(dialect, now)), None, []
    if set(touched(source, now)) - lines:
        return "TOUCHED", str(sorted(set(touched(source, now)) - lines)), None, []
    for intent in made:
        try:
            carry_out(now, at, dialect, intent)
            return "AGAIN", str(intent), None, []
        except Refused:
            pass
        except proof.Unproven as error:
            return "AGAIN", str(error), None, []
    return "applied", "" if len(made) == len(wanted) else f"{len(made)} of {len(wanted)}: {reason}", now, made


def chosen(dialect: str, sample: int) -> list[str]:
    """The files that are looked at: all of Sigma's, a random sample of the others'."""
    files = [item for item in find([str(CORPUS / dialect)], (), dialect) if isinstance(item, str)]
    live = [path for path in files if look(path).dialect == dialect] if dialect != "sigma" else files
    if dialect == "sigma" or sample <= 0:
        return live[: sample or None]
    return sorted(random.Random(7).sample(live, min(sample, len(live))))


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialect", choices=DIALECTS, action="append")
    parser.add_argument("--sample", type=int, default=None, help="files a dialect (default: all Sigma, 200 of the others)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--pairs", type=Path, help="write each fixed rule there, with the original, as JSON lines")
    parser.add_argument("--snapshot", default="", help="the catalog's (default: the shipped one)")
    parser.add_argument("--verbose", action="store_true", help="name the files of faults and refusals")
    args = parser.parse_args()
    faults = 0
    for dialect in args.dialect or DIALECTS:
        sample = args.sample if args.sample is not None else 0 if dialect == "sigma" else SAMPLE
        files = chosen(dialect, sample)
        started = time.perf_counter()
        counts: Counter[tuple[str, str]] = Counter()
        reasons: Counter[str] = Counter()
        named: list[str] = []
        pairs: list[str] = []
        with ProcessPoolExecutor(args.jobs) as pool:
            for result in pool.map(partial(one_file, dialect, args.snapshot), files, chunksize=8):
                for how, kind, reason in result["tried"]:
                    counts[how, kind] += 1
                    if kind in ("refused", "unproven") and how == "single":
                        reasons[f"{kind}: {_general(reason)}"] += 1
                    if kind.isupper() or (args.verbose and kind in ("refused", "unproven")):
                        named.append(f"{kind} {how} {result['path']}: {reason}")
                pairs += [json.dumps([result["path"], *pair]) for pair in result["pairs"]]
        print(f"\n{dialect}: {len(files)} files, {time.perf_counter() - started:.0f} s")
        for how in ("single", "together"):
            row = {kind: count for (one, kind), count in sorted(counts.items()) if one == how}
            print(f"  {how:<9} tried {sum(row.values()):>6}  " + "  ".join(f"{kind} {count}" for kind, count in row.items()))
        for reason, count in reasons.most_common():
            print(f"  {count:>6}  {reason}")
        for line in named:
            print("  !", line)
        faults += sum(count for (_, kind), count in counts.items() if kind.isupper())
        if args.pairs:
            args.pairs.mkdir(parents=True, exist_ok=True)
            (args.pairs / f"{dialect}.jsonl").write_text("\n".join(pairs) + "\n", encoding="utf-8")
    print(f"\nfaults: {faults}")
    return int(bool(faults))


def _general(reason: str) -> str:
    """A reason without the names in it."""
    return re.sub(r"`[^`]*`", "`…`", reason)[:120]


if __name__ == "__main__":
    sys.exit(main())
