"""Findings per check and persona on a folder of rules, and how many rules have any.

    python bench/judgement/findings_per_check.py ../shared/corpora/2026-08/sigma/rules

Lints the folder once, in one process, for the auditor, who hears everything (`--persona regular` measures what most runs
cost). `--changed` counts as if every line had been changed: some checks are louder there. Prints a table in Markdown with the
CPU time of each check, work that several share counted to the first of them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from linter import discover, engine
from linter.checks import registry
from linter.checks.base import Options, RuleContext
from linter.dialects import registry as dialects
from linter.finding import PERSONAS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--snapshot", default="")
    parser.add_argument("--changed", action="store_true", help="as if every line had been changed")
    parser.add_argument("--persona", choices=PERSONAS, default="auditor")
    args = parser.parse_args()
    options = Options(persona=args.persona, changed=((1, 10**9),) if args.changed else None)
    catalog = engine.catalog((args.snapshot,))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rules_of: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    spent: Counter[str] = Counter()
    total = 0
    for path in discover.find([args.folder], wanted="auto"):
        look = discover.look(path, "auto") if isinstance(path, str) else None
        if look is None or look.source is None:
            continue
        reading = dialects.dialect(look.dialect).read(look.source)
        total += len(reading.rules)
        for rule in reading.rules:
            shared: dict[str, object] = {}
            quiet = engine.is_quiet(rule, options.quiet_for)
            for name in registry.IDS:
                module = registry.check(name)
                if (
                    module.CHECK.scope != "rule"
                    or rule.dialect not in module.CHECK.dialects
                    or not options.hears(module.CHECK.persona)
                    or (quiet and module.CHECK.statistical)
                ):
                    continue
                start = process_time()
                for one in module.check(RuleContext(options, module.CHECK, rule, look.source, lambda: catalog, shared)):
                    if not options.hears(one.persona):
                        continue
                    counts[name][one.persona] += 1
                    rules_of[name, one.persona].add((rule.path, rule.start))
                    rules_of["any", one.persona].add((rule.path, rule.start))
                spent[name] += process_time() - start
    print(f"| check | regular: findings | rules | pedantic: findings | rules | auditor: findings | CPU s |\n|{'---|' * 7}")
    for name in (*registry.IDS, "any"):
        if name != "any" and registry.check(name).CHECK.scope != "rule":
            continue
        row = [name]
        for persona in ("regular", "pedantic"):
            found = counts[name][persona] if name != "any" else sum(one[persona] for one in counts.values())
            rules = len(rules_of[name, persona])
            row += [str(found), f"{rules} ({100 * rules / max(1, total):.1f} %)"]
        auditor = counts[name]["auditor"] if name != "any" else sum(one["auditor"] for one in counts.values())
        row += [str(auditor), f"{spent[name] if name != 'any' else sum(spent.values()):.2f}"]
        print(f"| {' | '.join(row)} |")
    print(f"\n{total} rules")


if __name__ == "__main__":
    main()
