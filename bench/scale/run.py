"""Time and memory a rule at some sizes: python bench/scale/run.py SOURCE [--sizes 10000 100000] [--no-build | --no-lint]

Generates the trees in a temporary folder, lints each (without cache, then twice with one) and builds a catalog of it, every
step in a process of its own. The same steps on a single rule tell what a process takes before it has any to speak of: its
base. Printed are each step's times and peak, then for every step how the sizes compare: processor time a rule; peak divided
by rules; peak beyond the base divided by rules; and what a further rule costs between one size and the next.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import generate  # noqa: E402


class Cost(NamedTuple):
    """What a step took: rules, processor seconds of all its processes, peak MiB of the largest of them."""

    rules: int
    cpu: float
    peak: float


def step(name: str, command: list[str], env: dict[str, str], rules: int) -> Cost:
    """Runs a step and prints what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=env)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = used.ru_maxrss / 1024
    print(
        f"  {name:18} {wall:8.1f} s wall {cpu:8.1f} s cpu {peak:7.0f} MiB  status {os.waitstatus_to_exitcode(status)}",
        flush=True,
    )
    return Cost(rules, cpu, peak)


def steps(tree: Path, folder: Path, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """The commands by name."""
    lint = [sys.executable, "-m", "linter", "lint", str(tree)]
    named: dict[str, list[str]] = {}
    if not arguments.no_lint:
        named = {"lint, no cache": [*lint, "--no-cache"], "lint, cold cache": lint, "lint, warm cache": lint}
    if not arguments.no_build:
        built = ["--corpus", f"sigma={tree}", "--output", str(folder / f"snapshot-{tree.name}")]
        named["catalog build"] = [sys.executable, "-m", "linter", "catalog", "build", *built]
    return named


def compare(name: str, costs: list[Cost]) -> None:
    """Prints a step's costs a rule; the first is that of a single rule."""
    base, *sized = costs
    print(f"{name} (base: {base.peak:.0f} MiB)")
    for cost in sized:
        whole, beyond = 1024 * cost.peak / cost.rules, 1024 * (cost.peak - base.peak) / cost.rules
        print(
            f"  {cost.rules:9,} rules: {1000 * cost.cpu / cost.rules:7.3f} ms a rule; peak {cost.peak:5.0f} MiB, "
            f"{whole:6.2f} KiB a rule, {beyond:6.2f} beyond the base"
        )
    for less, more in pairwise(sized):
        further, grown = more.rules - less.rules, 1024 * (more.peak - less.peak)
        cpu = _change(more.cpu / more.rules, less.cpu / less.rules)
        memory = _change(more.peak / more.rules, less.peak / less.rules)
        past = _change((more.peak - base.peak) / more.rules, (less.peak - base.peak) / less.rules)
        print(
            f"  {less.rules:,} to {more.rules:,}, a rule: processor time {cpu}, memory {memory}, beyond the base {past}; "
            f"a further rule {1000 * (more.cpu - less.cpu) / further:.3f} ms, {grown / further:.2f} KiB"
        )


def _change(now: float, before: float) -> str:
    return f"{100 * (now / before - 1):+.0f} %" if before > 0 else "not comparable"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-lint", action="store_true")
    arguments = parser.parse_args()
    each: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for size in [1, *sorted(arguments.sizes)]:
            tree = folder / str(size)
            count = generate(arguments.source, tree, size)
            print(f"{count:,} rule{'' if count == 1 else 's'}, load {os.getloadavg()[0]:.1f}", flush=True)
            env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "SIFTLINT_CACHE_DIR": str(folder / f"cache-{size}")}
            for name, command in steps(tree, folder, arguments).items():
                each.setdefault(name, []).append(step(name, command, env, count))
            cache = sum(path.stat().st_size for path in (folder / f"cache-{size}").glob("*"))
            if cache:
                print(f"  the cache takes {cache / 1e6:.1f} MB, {cache / count / 1024:.2f} KiB a rule", flush=True)
    for name, costs in each.items():
        compare(name, costs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
