"""Do a rule's exclusions come back when they are hidden?  python bench/judgement/leave_one_out.py [--snapshot DIR]

For every live rule of the corpora (or a sample) that has benign exclusions: all of them are taken out of the rule, and the
rule, its near-copies and its converted siblings out of the catalog; then the ranker is asked. A hit is an excluded leaf of the
rule (canonical field, operator and value) among the first k suggestions, or a (kind of field, benign class) of one among the
first k classes. Beside it, popularity within the rule's event classes: the leaves that most independent rules exclude.
Intervals: 95 %, by resampling rules.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from linter.catalog import corpora, kinds, peers, rank  # noqa: E402
from linter.catalog.load import Catalog  # noqa: E402
from linter.catalog.model import VENDORS, CatalogRule  # noqa: E402
from linter.dialects import registry  # noqa: E402
from linter.discover import look  # noqa: E402
from linter.rule import And, Indicator, Node, Not, Or, Rule  # noqa: E402
from linter.taxonomy.classes import field_kind  # noqa: E402

SHARED = Path(os.environ.get("SIFTLINT_SHARED", ROOT.parent / "shared"))
Class = tuple[str, str]


class Case(NamedTuple):
    """A rule whose exclusions are hidden, and what was hidden."""

    rule: Rule
    barred: frozenset[str]
    hidden: frozenset[Indicator]

    @property
    def classes(self) -> frozenset[Class]:
        """The classes of what was hidden, those that have one."""
        found = ((field_kind(leaf.field), kinds.benign_class(leaf)) for leaf in self.hidden)
        return frozenset(cls for cls in found if cls[1] != "other")


class Ranks(NamedTuple):
    """The rank (from 1) of the first hit, 0 for none; `cls` is None for a rule whose exclusions have no class."""

    exact: int
    cls: int | None


def cases(catalog: Catalog, era: Path, vendor: str, most: int, seed: int, kept: float = 0.0) -> Iterator[Case]:
    """The rules of a vendor with benign exclusions, at most so many, chosen at random. `kept`: the share of filters kept."""
    dice = random.Random(seed)
    corpus = corpora.Corpus(vendor, str(era / vendor), vendor)
    paths = corpora.files(corpus)
    dice.shuffle(paths)
    count = 0
    for path in paths:
        if count >= most:
            return
        source = look(str(era / vendor / path), vendor).source
        for rule in registry.dialect(vendor).read(source).rules if source else ():
            handle = next((one for one in catalog.by_id(rule.id) if _same(catalog.rule(one), vendor, path)), None)
            if handle is None:
                continue
            benign = {leaf.indicator for leaf in catalog.rule(handle).excluded if leaf.kind == "benign"}
            if not benign:
                continue
            bare = rule._replace(trees=tuple(_without(tree, dice, kept) for tree in rule.trees))
            hidden = frozenset(benign - {leaf.indicator for leaf in peers.leaves(bare)})
            if hidden and (not kept or any(node for node in peers.leaves(bare))):
                count += 1
                yield Case(bare, catalog.related_to(rule), hidden)


def _same(rule: CatalogRule, vendor: str, path: str) -> bool:
    return rule.vendor == vendor and rule.path == path


def _without(node: Node, dice: random.Random, kept: float) -> Node:
    """The tree without its negations, or with some of what they take away."""
    if isinstance(node, Not):
        items = node.item.items if isinstance(node.item, Or) else (node.item,)
        left = tuple(item for item in items if kept and dice.random() < kept)
        return Not(Or(left), node.label) if left else And(())
    if isinstance(node, And | Or):
        return type(node)(tuple(_without(item, dice, kept) for item in node.items), node.label)
    return node


def popular(catalog: Catalog, case: Case, vendor: str = "") -> list[Indicator]:
    """The baseline: what most independent rules on the same events exclude, all of them or a vendor's."""
    votes: dict[Indicator, set[str]] = {}
    for cls in case.rule.classes:
        for row in catalog.event_class(cls).exclusions(exclude=case.barred):
            votes.setdefault(row.indicator, set()).update(
                catalog.family(handle) for handle in row.benign if vendor in ("", catalog.vendor(handle))
            )
    return sorted((leaf for leaf in votes if votes[leaf]), key=lambda leaf: (-len(votes[leaf]), leaf))[:50]


def ranked(catalog: Catalog, case: Case) -> list[Indicator]:
    """Ours."""
    return [one.candidate.indicator for one in rank.Ranking(case.rule, catalog, case.barred).ordered()[:50]]


def reached(catalog: Catalog, case: Case) -> bool:
    """Whether another rule excludes something that was hidden: the ceiling."""
    table = peers.of(catalog)
    for leaf in case.hidden:
        at = table.leaf(leaf)
        if at is not None and any(table.peers[one].handle not in case.barred for one in table.voted[at].peers):
            return True
    return False


def judged(case: Case, suggested: Sequence[Indicator]) -> Ranks:
    """Where the first hits are."""
    exact = next((at for at, leaf in enumerate(suggested, 1) if leaf in case.hidden), 0)
    wanted = case.classes
    if not wanted:
        return Ranks(exact, None)
    found = ((field_kind(leaf.field), kinds.benign_class(leaf)) for leaf in suggested)
    order = list(dict.fromkeys(cls for cls in found if cls[1] != "other"))
    return Ranks(exact, next((at for at, cls in enumerate(order, 1) if cls in wanted), 0))


MEASURES: tuple[tuple[str, Callable[[Ranks], int | None], int], ...] = (
    ("exact@1", lambda r: r.exact, 1),
    ("exact@10", lambda r: r.exact, 10),
    ("class@3", lambda r: r.cls, 3),
    ("class@5", lambda r: r.cls, 5),
)


def share(ranks: Sequence[Ranks], of: Callable[[Ranks], int | None], top: int) -> float:
    """Per cent of the rules with a hit among the first `top`."""
    known = [found for found in map(of, ranks) if found is not None]
    return 100 * sum(1 for found in known if 0 < found <= top) / max(1, len(known))


def interval(ranks: Sequence[Ranks], of: Callable[[Ranks], int | None], top: int) -> tuple[float, float]:
    """The 95 % interval of a share, by resampling."""
    dice = random.Random(7)
    found = sorted(share(dice.choices(ranks, k=len(ranks)), of, top) for _ in range(1000))
    return found[25], found[974]


def machine() -> str:
    """What this ran on."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshot", default="", help="built from the same corpora (default: the shipped one)")
    parser.add_argument("--corpora", default=str(SHARED / "corpora" / "2026-08"))
    parser.add_argument("--vendor", action="append", choices=VENDORS)
    parser.add_argument("--most", type=int, default=10**6, help="rules a vendor")
    parser.add_argument("--kept", type=float, default=0.0, help="share of each rule's filters that is left in (default: none)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    catalog = Catalog.open(args.snapshot or None)
    print(f"leave-one-out, {machine()}")
    print(f"{'':24}" + "".join(f"{name:>20}" for name, _, _ in MEASURES))
    for vendor in args.vendor or VENDORS:
        tried = list(cases(catalog, Path(args.corpora), vendor, args.most, args.seed, args.kept))
        reachable = 100 * sum(map(partial(reached, catalog), tried)) / max(1, len(tried))
        rankers: tuple[tuple[str, Callable[[Catalog, Case], list[Indicator]]], ...] = (
            ("popularity in the class", popular),
            ("… own vendor's rules", lambda known, case: popular(known, case, case.rule.vendor)),
            ("siftlint", ranked),
        )
        for name, ranker in rankers:
            started = time.perf_counter()
            ranks = [judged(case, ranker(catalog, case)) for case in tried]
            took = 1000 * (time.perf_counter() - started) / max(1, len(tried))
            cells = []
            for _, of, top in MEASURES:
                low, high = interval(ranks, of, top) if ranks else (0.0, 0.0)
                cells.append(f"{share(ranks, of, top):6.1f} ({low:4.1f}–{high:4.1f})")
            print(f"{name:24}" + "".join(f"{cell:>20}" for cell in cells) + f"   {took:5.1f} ms a rule")
        print(f"{'':24}{vendor}: {len(tried)} rules, {reachable:.0f} % with an exclusion that another rule has\n", flush=True)


if __name__ == "__main__":
    main()
