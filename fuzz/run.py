"""Fuzzes every dialect for some time: python fuzz/run.py [--seconds 600] [--dialect NAME …]. Status 1 when something broke."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, Phase, given, settings

from fuzz.harness import DIALECTS, check, texts

ROUND = 400  # texts between two looks at the clock


def fuzz(dialect: str, seconds: float) -> tuple[int, str]:
    """(texts tried, the smallest one that breaks with what it breaks, or "")."""
    tried = 0
    last = ""

    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(texts(dialect))
    def one_round(text: str) -> None:
        nonlocal tried, last
        tried += 1
        last = text
        check(dialect, text)

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            one_round()
        except Exception:
            return tried, f"{last!r}\n{traceback.format_exc(limit=-6)}"
    return tried, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for each dialect (default: 600)")
    parser.add_argument("--dialect", action="append", choices=DIALECTS)
    arguments = parser.parse_args()
    broken = False
    for dialect in arguments.dialect or DIALECTS:
        start = time.monotonic()
        tried, found = fuzz(dialect, arguments.seconds)
        took = time.monotonic() - start
        print(
            f"{dialect:8} {tried:9,} texts in {took:4.0f} s, {tried / took:5.0f} a second: "
            f"{'BROKEN' if found else 'nothing broke'}",
            flush=True,
        )
        if found:
            broken = True
            print(found)
    return int(broken)


if __name__ == "__main__":
    raise SystemExit(main())
