"""siftlint beside its peers on one tree: wall and processor time, peak memory, and the machine.

    python bench/speed.py TREE [--peers VENV] [--rounds 3]

Each tool runs in turn, round by round, so that whatever else the machine does falls on all of them; medians are printed, and
ratios against `sigma check`. VENV holds sigma-cli, sigmalint-cli and yamllint; without one it is made beside this file.
`sigma check` leaves out the two validators that want the network.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PEERS = ("sigma-cli==3.1.*", "sigmalint-cli==0.1.*", "yamllint")


class Took(NamedTuple):
    """One run: seconds on the clock, of the processor, and peak memory of a process."""

    wall: float
    cpu: float
    mebibytes: float


def run(command: list[str], env: dict[str, str]) -> Took:
    start = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=env)
        _, _, used = os.wait4(process.pid, 0)
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return Took(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / scale)


def peers(venv: Path) -> Path:
    """The folder of the peers' commands."""
    if not (venv / "bin" / "sigma").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", *PEERS], check=True)
    return venv / "bin"


def measure(commands: dict[str, list[str]], rounds: int, env: dict[str, str]) -> dict[str, Took]:
    found: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(run(command, env))
    return {name: Took(*(statistics.median(column) for column in zip(*runs, strict=True))) for name, runs in found.items()}


def table(title: str, results: dict[str, Took], base: str) -> None:
    print(f"\n{title}\n{'':34}{'wall s':>9}{'cpu s':>9}{'MiB':>7}{'× wall':>9}{'× cpu':>8}")
    for name, took in results.items():
        ratios = (results[base].wall / took.wall, results[base].cpu / took.cpu)
        print(f"{name:34}{took.wall:9.2f}{took.cpu:9.2f}{took.mebibytes:7.0f}{ratios[0]:9.1f}{ratios[1]:8.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("tree", "file"))
    arguments = parser.parse_args()
    tree = str(arguments.tree)
    bin = peers(arguments.peers)
    rules = sorted(arguments.tree.rglob("*.yml"))
    one = str(rules[len(rules) // 2])
    sift = [sys.executable, "-m", "linter", "lint"]
    core = ["-x", "attacktag", "-x", "d3_fendtag"]
    load = os.getloadavg()[0]
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}")
    print(f"{len(rules):,} files in the tree; medians of {arguments.rounds} rounds; × is how much faster than sigma check")
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONPATH": str(HERE.parent), "SIFTLINT_CACHE_DIR": cache, "NO_COLOR": "1"}
        compileall.compile_dir(HERE.parent / "linter", quiet=1)  # as pip does when it installs
        run([*sift, tree], env)  # fills the cache
        whole = {
            "siftlint, no cache": [*sift, tree, "--no-cache"],
            "siftlint, no cache, one process": [*sift, tree, "--no-cache", "--jobs", "1"],
            "siftlint, warm cache": [*sift, tree],
            "sigma check, core checks": [str(bin / "sigma"), "check", *core, tree],
            "sigmalint": [str(bin / "sigmalint"), "lint", tree],
            "yamllint": [str(bin / "yamllint"), "-d", "relaxed", tree],
        }
        single = {
            "siftlint, no cache": [*sift, one, "--no-cache"],
            "siftlint, warm cache": [*sift, one],
            "sigma check, core checks": [str(bin / "sigma"), "check", *core, one],
            "sigmalint": [str(bin / "sigmalint"), "lint", one],
            "yamllint": [str(bin / "yamllint"), "-d", "relaxed", one],
        }
        for name, commands, rounds in (("file", single, 3 * arguments.rounds), ("tree", whole, arguments.rounds)):
            if arguments.only in (None, name):
                there = {what: command for what, command in commands.items() if Path(command[0]).exists()}
                table(f"one {name}", measure(there, rounds, env), "sigma check, core checks")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
