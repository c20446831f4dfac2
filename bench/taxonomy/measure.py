"""How well the taxonomy covers the five corpora.

    python bench/taxonomy/measure.py [--corpora ../shared/corpora/2026-08] [--vendor NAME]… [--show N]

prints, for live rules: predicate uses without a canonical or native name; rules without an event class; event uses with an
official title; process names known to several vendors; the rows of the reference's T1021.002 page that were found; times.
A predicate use is a distinct (file, field) pair that is not derived, of Kusto on tables of hosts. A process name is a file
name that a predicate on the image, parent, source or target process names. `--show N` lists the N
commonest misses of each kind.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from linter import reading  # noqa: E402
from linter.dialects import registry  # noqa: E402
from linter.rule import Predicate, Rule  # noqa: E402
from linter.source import Source  # noqa: E402
from linter.taxonomy import fields, normalise, values  # noqa: E402

SUFFIXES = {"sigma": (".yml",), "elastic": (".toml",), "splunk": (".yml",), "kusto": (".yaml", ".yml"), "yaral": (".yaral",)}
LIMITS = {"elastic": 5, "splunk": 6, "kusto": 8, "yaral": 10}
CLASSES = {"sigma": 0.7, "elastic": 4, "splunk": 3, "kusto": 3, "yaral": 6}
PROCESSES = frozenset(f"{base}.name" for base in ("Image", "ParentImage", "GrandParentImage", "SourceImage", "TargetImage"))


def live(vendor: str, path: str) -> bool:
    """Whether a file of a corpus holds live rules, by the design's definition."""
    if vendor == "sigma":
        return path.startswith("rules")
    if vendor == "elastic":
        return "_deprecated" not in path
    if vendor == "splunk":
        return path.startswith("detections/") and "detections/deprecated" not in path
    return vendor == "kusto" or ("_deprecated" not in path and not path.startswith("tools/"))


HOSTS = frozenset(("windows", "linux", "macos", "dns/any", "proxy/any", "network_connection/any", "authentication/any"))


class Uses:
    """Every field that is looked up while a file is read: distinct (file, field) pairs, and those that nobody knows."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self.file = ""
        self.seen: dict[tuple[str, str], bool] = {}
        self.assumed: set[tuple[str, str]] = set()
        self.plain = fields.lookup

    def lookup(self, vendor: str, field: str, words: tuple[str, ...]) -> fields.Mapped:
        """`fields.lookup`, noted; of Kusto only for tables of hosts."""
        found = self.plain(vendor, field, words)
        if vendor == self.vendor and field and (vendor != "kusto" or not HOSTS.isdisjoint(words)):
            self.seen[self.file, field] = self.seen.get((self.file, field), True) and found.known
            if found.mapping == "assumed":
                self.assumed.add((self.file, field))
        return found


def rules(vendor: str, folder: Path, uses: Uses | None = None) -> list[Rule]:
    """The live rules of a corpus."""
    dialect = registry.dialect(vendor)
    out: list[Rule] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in SUFFIXES[vendor] or not live(vendor, name):
            continue
        source = reading.load(str(path))
        if isinstance(source, Source) and dialect.recognises(source):
            if uses is not None:
                uses.file = name
            out += [rule for rule in dialect.read(source).rules if vendor != "kusto" or rule.trees]
    return out


def main() -> None:
    """Reads the corpora and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora" / "2026-08")
    parser.add_argument("--vendor", action="append")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--sample", type=int, metavar="SEED", help="print a hundred random mappings to read, and nothing else")
    args = parser.parse_args()
    if args.sample is not None:
        sample(args.corpora, args.sample)
        return
    names: dict[str, set[str]] = defaultdict(set)
    mentioned: dict[str, set[str]] = defaultdict(set)  # also by a command line that names just the program
    titled, untitled = Counter[str](), Counter[str]()
    page: dict[tuple[str, str], int] = Counter()
    for vendor in args.vendor or registry.NAMES:
        begun = time.perf_counter()
        uses = Uses(vendor)
        normalise.fields = uses  # type: ignore[assignment]  # its lookups pass through the counter
        uses.scopes = fields.scopes  # type: ignore[attr-defined]
        found = rules(vendor, args.corpora / vendor, uses)
        normalise.fields = fields
        spent = time.perf_counter() - begun
        lost = Counter(field for (_, field), known in uses.seen.items() if not known)
        classless = [rule for rule in found if not rule.events]
        for rule in found:
            for predicate in rule.predicates():
                for indicator in predicate.indicators:
                    if indicator.op == "eq" and indicator.field in PROCESSES:
                        names[indicator.value].add(vendor)
                        mentioned[indicator.value].add(vendor)
                    elif indicator.field in values.COMMAND_LINES and values.is_program(indicator.value):
                        mentioned[indicator.value].add(vendor)
            for event in rule.events:
                if event.id:
                    (titled if event.title else untitled)[f"{event.provider} {event.id}"] += 1
            if any(technique.id == "T1021.002" for technique in rule.techniques):
                page.update({(event.provider, event.id) for event in rule.events if event.id})
        share = 100 * lost.total() / max(1, len(uses.seen))
        bare = 100 * len(classless) / max(1, len(found))
        print(f"{vendor:8s} {len(found):5d} rules in {spent:5.1f} s   fields without a name {share:5.2f} % of {len(uses.seen)}"
              f" (limit {LIMITS.get(vendor, '-')})   assumed {100 * len(uses.assumed) / max(1, len(uses.seen)):4.1f} %"
              f"   without an event class {bare:5.2f} % (limit {CLASSES[vendor]})")  # fmt: skip
        if args.show:
            print("   fields:", lost.most_common(args.show))
            print("   rules:", [rule.path.rpartition("/")[2] for rule in classless[: args.show]])
            print("   classes:", Counter(cls for rule in found for cls in rule.classes).most_common(args.show))
    total = titled.total() + untitled.total()
    print(f"event uses with a title {100 * titled.total() / max(1, total):.2f} % of {total}")
    if args.show:
        print("   untitled:", untitled.most_common(args.show))
    known = [sum(1 for vendors in names.values() if len(vendors) >= count) for count in (1, 2, 3, 4, 5)]
    print(f"process names: {known[0]}; to 2, 3, 4, 5 vendors: {known[1]} (600), {known[2]} (260), {known[3]}, {known[4]} (27)")
    wide = [sum(1 for vendors in mentioned.values() if len(vendors) >= count) for count in (2, 3, 4, 5)]
    print(f"   with those that a command line names: {wide[0]}, {wide[1]}, {wide[2]}, {wide[3]}")
    reference(page)


def sample(corpora: Path, seed: int) -> None:
    """Prints random (rule, field) pairs whose canonical name is another: see mappings-read.tsv."""
    chosen = random.Random(seed)
    for vendor, count in (("elastic", 30), ("splunk", 20), ("kusto", 25), ("yaral", 20), ("sigma", 5)):
        pool: dict[tuple[str, str], tuple[Rule, Predicate]] = {}
        for rule in rules(vendor, corpora / vendor):
            for one in rule.predicates():
                if not one.derived and one.field and one.canonical != one.field and one.indicators:
                    pool.setdefault((rule.key, one.field), (rule, one))
        for rule, one in chosen.sample(list(pool.values()), count):
            forms = "; ".join(" ".join(form) for form in one.indicators[:3])
            print("\t".join((vendor, rule.path, ",".join(rule.classes), one.field, one.op, one.value, one.mapping, forms)))


def reference(page: dict[tuple[str, str], int]) -> None:
    """Compares with the events of the reference's page for T1021.002."""
    path = ROOT.parent / "shared" / "reference" / "technique-page-T1021.002.txt"
    if not path.is_file():
        return
    wanted = []
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.match(r"(Sysmon|Security-Auditing|PowerShell|SMBServer|Service-Control-Manager)Event ID (\d+)", line)
        defender = re.match(
            r"(Defender-Device(?:Logon|Network|Process|File|Registry)Events|Defender-DeviceEvents)(any|[A-Z]\w*?)[A-Z][a-z]* ",
            line,
        )
        if match:
            wanted.append((match[1], match[2]))
        elif line.startswith("Defender-"):
            wanted.append((defender[1], defender[2]) if defender else (line, ""))
    got = [row for row in wanted if row in page]
    print(f"T1021.002: {len(got)} of {len(wanted)} provider/event rows of the reference found; missing:",
          [row for row in wanted if row not in page])  # fmt: skip
    print("   ours beyond it:", sorted(set(page) - set(wanted))[:60])


if __name__ == "__main__":
    main()
