"""Time and memory a rule at some sizes: python bench/scale/run.py SOURCE [--sizes 10000 100000] [--no-build | --no-lint]

Generates the trees in a temporary folder, lints each (without cache, then twice with one) and builds a catalog of it, every
step in a process of its own, and prints how the largest compares with the smallest, rule by rule.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generate import generate  # noqa: E402


def step(name: str, command: list[str], env: dict[str, str], rules: int) -> tuple[float, float]:
    """Runs a step; (processor seconds with all its processes, peak MiB of the largest)."""
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
        f"  {name:18} {wall:8.1f} s wall {cpu:8.1f} s cpu {1000 * cpu / rules:7.3f} ms a rule {peak:7.0f} MiB "
        f"{1024 * peak / rules:7.2f} KiB a rule  status {os.waitstatus_to_exitcode(status)}",
        flush=True,
    )
    return cpu, peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-lint", action="store_true")
    arguments = parser.parse_args()
    each: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            tree = Path(folder) / str(size)
            count = generate(arguments.source, tree, size)
            print(f"{count:,} rules, load {os.getloadavg()[0]:.1f}", flush=True)
            env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "SIFTLINT_CACHE_DIR": str(Path(folder) / f"c{size}")}
            lint = [sys.executable, "-m", "linter", "lint", str(tree)]
            steps = {"lint, no cache": [*lint, "--no-cache"], "lint, cold cache": lint, "lint, warm cache": lint}
            if arguments.no_lint:
                steps = {}
            if not arguments.no_build:
                built = ["--corpus", f"sigma={tree}", "--output", str(Path(folder) / f"s{size}")]
                steps["catalog build"] = [sys.executable, "-m", "linter", "catalog", "build", *built]
            for name, command in steps.items():
                cpu, _ = step(name, command, env, count)
                each.setdefault(name, []).append(cpu / count)
    for name, costs in each.items():
        if len(costs) > 1:
            print(f"{name}: {100 * (costs[-1] / costs[0] - 1):+.0f} % processor time a rule from the smallest to the largest")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
