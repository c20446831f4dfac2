"""circles.tsv: the circles of rules (see `customs`) in which enough independent rules exclude the same benign case.

They are one in twenty of the circles that rules draw; linting needs to count no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from linter.catalog import layout
from linter.catalog.customs import LEAST_HERE
from linter.catalog.kinds import benign_class
from linter.catalog.model import NO_CLASS
from linter.catalog.store import ASSUMED_BITS, MARK_BITS, MARKS, Rules
from linter.taxonomy import attack

_ALONE = MARKS.index("")  # the mark of a benign case that stands by itself
_MASK = (1 << MARK_BITS) - 1

Key = tuple[str, str]  # a technique or a program, "" for none


def table(rules: Rules, classes: Mapping[str, Sequence[int]], techniques: Mapping[str, Sequence[int]]) -> bytes:
    """The table's bytes. `classes` and `techniques` hold the numbers of their rules, those of narrower ones included."""
    keys: dict[int, list[Key]] = defaultdict(list)  # rule → what draws circles that it is in
    for technique, numbers in techniques.items():
        if not attack.children(technique):
            for number in numbers:
                keys[number].append((technique, ""))
    for number, entries in enumerate(rules.using):
        for field, op, value in (rules.items[entry >> ASSUMED_BITS] for entry in entries):
            if field == "Image.name" and op == "eq":
                keys[number].append(("", value))
    rows = (
        "\t".join(map(layout.escape, (cls, *key))) for cls, numbers in classes.items() for key in _drawn(rules, numbers, keys)
    )
    return layout.table("class\ttechnique\tprogram", rows)


def _drawn(rules: Rules, numbers: Sequence[int], keys: Mapping[int, Sequence[Key]]) -> Iterator[Key]:
    """The keys of a class's circles in which LEAST_HERE independent rules exclude the same."""
    excluding: dict[int, list[int]] = defaultdict(list)  # leaf → rules
    for number in numbers:
        for entry in rules.excluding[number]:
            if entry & _MASK == _ALONE:
                excluding[entry >> MARK_BITS].append(number)
    found: set[Key] = set()
    for leaf, who in excluding.items():
        if len(who) >= LEAST_HERE and benign_class(rules.items[leaf]) != NO_CLASS:
            families: dict[Key, set[str]] = defaultdict(set)
            for number in who:
                for key in ("", ""), *keys.get(number, ()):
                    families[key].add(rules.families[number])
            found.update(key for key, several in families.items() if len(several) >= LEAST_HERE)
    yield from found
