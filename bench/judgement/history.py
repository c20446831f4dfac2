"""What would siftlint have said in 2024?  python bench/judgement/history.py [--snapshot DIR]

Builds a catalog from the corpora of December 2023 (or takes one that is built), runs the shared scoring scripts on the
`siftlint` command as they are, then prints the same measures with 95 % intervals, beside popularity within the event class.
Intervals: filters by resampling the commits that added them (one commit often tunes many rules), noise by resampling rules.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).parent))

from leave_one_out import Case, machine, popular  # noqa: E402

from linter.catalog import rank  # noqa: E402
from linter.catalog.build import run_build  # noqa: E402
from linter.catalog.load import Catalog  # noqa: E402
from linter.catalog.model import VENDORS  # noqa: E402
from linter.catalog.wording import Wording  # noqa: E402
from linter.dialects import registry  # noqa: E402
from linter.rule import Rule  # noqa: E402
from linter.source import Source  # noqa: E402

SHARED = Path(os.environ.get("SIFTLINT_SHARED", ROOT.parent / "shared"))
BENCH = SHARED / "bench"
CORPORA = SHARED / "corpora" / "2023-12"
LABELS = ("needed-tuning-2024-sigma.tsv", "known-fp-2024-12.tsv")
Said = list[tuple[str, str, str]]


class Hit(NamedTuple):
    """Ranks (from 1) of an event's first hits; None for none, and for the class of an event without a known one: -1."""

    commit: str
    exact: int | None
    strict: int | None
    cls: int | None


MEASURES: tuple[tuple[str, Callable[[Hit], int | None], int], ...] = (
    ("exact@1", lambda h: h.exact, 1),
    ("exact@10", lambda h: h.exact, 10),
    ("strict@10", lambda h: h.strict, 10),
    ("class@3", lambda h: h.cls, 3),
    ("class@5", lambda h: h.cls, 5),
)


def script(name: str) -> ModuleType:
    """A shared script, for what it calls a hit."""
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def replayed(events: Sequence[dict[str, Any]], scoring: ModuleType, say: Callable[[Rule], Said]) -> list[Hit]:
    """The hits of a ranker over the events."""
    out = []
    for event in events:
        rule = registry.dialect("sigma").read(Source("rule.yml", event["before"])).rules[0]
        said = [(field.lower(), op, value.lower()) for field, op, value in say(rule)]
        added = [(field.lower(), op, str(value).lower()) for field, op, value in event["added"]]
        wanted = {scoring.kind(*one) for one in added} - {None}
        order = list(dict.fromkeys(kind for kind in (scoring.kind(*one) for one in said) if kind))
        exact = scoring.first(said, lambda one, added=added: one in added)
        strict = scoring.first(said, lambda one, added=added: _strictly(one, added, scoring))
        cls = scoring.first(order, lambda kind, wanted=wanted: kind in wanted) if wanted else -1
        out.append(Hit(event["commit"], exact, strict, cls))
    return out


def _strictly(one: tuple[str, str, str], added: Said, scoring: ModuleType) -> bool:
    return any(one == other or (one[0] == other[0] and scoring.strict(one[2], other[2])) for other in added)


def share(hits: Sequence[Hit], of: Callable[[Hit], int | None], top: int) -> float:
    """Per cent of the events with a hit among the first `top`."""
    known = [found for found in map(of, hits) if found != -1]
    return 100 * sum(1 for found in known if found and found <= top) / max(1, len(known))


def interval(hits: Sequence[Hit], of: Callable[[Hit], int | None], top: int) -> tuple[float, float]:
    """The 95 % interval of a share, by resampling commits."""
    groups: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        groups[hit.commit].append(hit)
    commits = list(groups.values())
    dice = random.Random(7)
    found = []
    for _ in range(1000):
        chosen = [hit for group in dice.choices(commits, k=len(commits)) for hit in group]
        found.append(share(chosen, of, top))
    found.sort()
    return found[25], found[974]


def area(pairs: Sequence[tuple[float, int]]) -> float:
    """The area under the ROC curve."""
    ordered = sorted(pairs)
    ranks, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        ranks += sum(gained for _, gained in ordered[at:end]) * (at + 1 + end) / 2
        at = end
    wins = sum(gained for _, gained in ordered)
    losses = len(ordered) - wins
    return (ranks - wins * (wins + 1) / 2) / (wins * losses) if wins and losses else float("nan")


def area_interval(pairs: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """The 95 % interval of the area, by resampling rules."""
    dice = random.Random(7)
    found = sorted(area(dice.choices(pairs, k=len(pairs))) for _ in range(200))
    return found[5], found[194]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshot", default="", help="built from the corpora of December 2023 (default: build one)")
    args = parser.parse_args()
    print(f"history, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        snapshot = args.snapshot or str(Path(folder) / "snapshot")
        if not args.snapshot:
            run_build([f"{vendor}={CORPORA / vendor}" for vendor in VENDORS], snapshot)
        filters(snapshot)
        noise(snapshot, Path(folder))


def filters(snapshot: str) -> None:
    """The filters that rules gained."""
    events_file = BENCH / "hindsight-2024-sigma.jsonl"
    command = f"{sys.executable} -m linter suggest {{dir}} --snapshot {snapshot} --limit 50 --format json"
    print("\nscore_hindsight.py:", flush=True)
    subprocess.run(
        [sys.executable, str(BENCH / "score_hindsight.py"), str(events_file), "--suggest", command], cwd=ROOT, check=True
    )

    events = [json.loads(line) for line in events_file.read_text(encoding="utf-8").splitlines()]
    scoring = script("score_hindsight")
    catalog = Catalog.open(snapshot)

    def ours(rule: Rule) -> Said:
        return [one.native for one in rank.suggest(rule, catalog, 50)]

    def common(rule: Rule, vendor: str = "") -> Said:
        words = Wording(rule, catalog)
        own = {(one.field.lower(), one.op, one.value.lower()) for one in rule.predicates()}
        found = (words.native(leaf) for leaf in popular(catalog, Case(rule, catalog.related_to(rule), frozenset()), vendor))
        return [one for one in found if one and (one.field.lower(), one.op, one.value.lower()) not in own]

    print(f"\n{'':26}" + "".join(f"{name:>20}" for name, _, _ in MEASURES))
    rankers: tuple[tuple[str, Callable[[Rule], Said]], ...] = (
        ("popularity in the class", common),
        ("… Sigma's rules only", lambda rule: common(rule, "sigma")),
        ("siftlint", ours),
    )
    for name, say in rankers:
        hits = replayed(events, scoring, say)
        cells = []
        for _, of, top in MEASURES:
            low, high = interval(hits, of, top)
            cells.append(f"{share(hits, of, top):6.1f} ({low:4.1f}–{high:4.1f})")
        print(f"{name:26}" + "".join(f"{cell:>20}" for cell in cells))


def noise(snapshot: str, folder: Path) -> None:
    """Which rules needed tuning."""
    command = [sys.executable, "-m", "linter", "lint", str(CORPORA / "sigma"), "--snapshot", snapshot, "--format", "json"]
    lint = folder / "lint.json"
    with lint.open("w", encoding="utf-8") as out:
        subprocess.run(
            [*command, "--select", "noisy-branch", "--fail-on", "never", "--no-cache"], cwd=ROOT, stdout=out, check=True
        )
    rules = {rule["id"]: rule for rule in json.loads(lint.read_text(encoding="utf-8"))["rules"]}
    for file in LABELS:
        print(f"\nscore_noise.py {file}:", flush=True)
        subprocess.run([sys.executable, str(BENCH / "score_noise.py"), str(BENCH / file), str(lint)], check=True)
        labels = [line.split("\t") for line in (BENCH / file).read_text(encoding="utf-8").splitlines()[1:]]
        known = [(rules[id], int(gained)) for id, gained in labels if id in rules]
        scores: tuple[tuple[str, Callable[[dict[str, Any]], float]], ...] = (
            ("has an exclusion", lambda rule: float(bool(rule["exclusions"]))),
            ("number of exclusions", lambda rule: float(rule["exclusions"])),
            ("siftlint's noise", lambda rule: -1.0 if rule["noise"] is None else rule["noise"]),
        )
        for name, score in scores:
            every = [(score(rule), gained) for rule, gained in known]
            bare = [(score(rule), gained) for rule, gained in known if not rule["exclusions"]]
            cells = [f"{area(pairs):.3f} ({'–'.join(f'{end:.3f}' for end in area_interval(pairs))})" for pairs in (every, bare)]
            print(f"  {name:24} all rules {cells[0]}   without exclusions {cells[1]}")


if __name__ == "__main__":
    main()
