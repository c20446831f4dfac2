"""Holds siftlint's reading of Kusto queries against Microsoft's parser: operators, polarity, fields and literals.

    npm install --no-package-lock --prefix bench/oracles/kusto && python -m bench.oracles.kusto.compare FOLDER [--show N]

FOLDER holds Sentinel YAML rules. Every comparison in a `where` is compared by its place; what differs is printed by kind.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from linter.dialects.kusto import recognises
from linter.dialects.queries import kql
from linter.dialects.queries.core import QueryError
from linter.dialects.yamldoc import Mapping, Scalar, YamlError, documents
from linter.rule import And, Node, Not, Or, Term
from linter.source import Source

HERE = Path(__file__).resolve().parent
# Microsoft's name → (op, native, negative)
OPS = {
    "Equal": ("eq", False), "NotEqual": ("eq", True), "EqualTilde": ("eq", False), "BangTilde": ("eq", True),
    "Has": ("token", False), "HasCs": ("token", False), "HasAny": ("token", False), "HasAll": ("token", False),
    "HasPrefix": ("contains", False), "HasSuffix": ("contains", False), "Contains": ("contains", False),
    "StartsWith": ("startswith", False), "EndsWith": ("endswith", False), "MatchesRegex": ("re", False),
    "LessThan": ("lt", False), "LessThanOrEqual": ("lte", False), "GreaterThan": ("gt", False),
    "GreaterThanOrEqual": ("gte", False), "In": ("eq", False), "InCs": ("eq", False), "NotIn": ("eq", True),
    "NotInCs": ("eq", True), "Between": ("between", False), "NotBetween": ("between", True), "Like": ("like", False),
    "isempty": ("null", False), "isnull": ("null", False), "isnotempty": ("exists", False), "isnotnull": ("exists", False),
    "notempty": ("exists", False), "notnull": ("exists", False),
}  # fmt: skip
CASED = {"Equal", "NotEqual", "In", "NotIn", "MatchesRegex"}  # and every name that ends in Cs, but for `in~` (InCs)
FLIPPED = {"gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}


def queries(folder: Path) -> list[dict[str, str]]:
    """The queries of the rules below a folder."""
    out = []
    for path in sorted(folder.rglob("*.y*ml")):
        source = Source(path.as_posix(), path.read_bytes().decode("utf-8-sig", "replace"))
        try:
            roots = documents(source)
        except YamlError:
            continue
        for root in roots:
            query = root.get("query") if isinstance(root, Mapping) else None
            if isinstance(query, Scalar) and recognises(source):
                out.append({"path": path.relative_to(folder).as_posix(), "query": query.text})
    return out


def terms(node: Node, negated: bool = False) -> list[tuple[Term, bool]]:
    """Every term with its polarity."""
    if isinstance(node, And | Or):
        return [pair for item in node.items for pair in terms(item, negated)]
    if isinstance(node, Not):
        return terms(node.item, not negated)
    assert isinstance(node, Term)
    return [(node, negated)]


def expected(found: dict[str, object]) -> tuple[str, bool]:
    """(op, negated) of a comparison."""
    name = str(found["op"])
    op, negative = OPS[name] if name in OPS else OPS[name.removesuffix("Cs").replace("Not", "", 1).removesuffix("Cs")]
    if name.startswith("Not") and name not in OPS:
        negative = True
    values = found["values"]
    negated = bool(found["negated"]) != negative
    if op == "eq" and values == [""] and name != "isempty":
        return ("exists" if negative else "null"), bool(found["negated"])
    return op, negated


def judge(found: dict[str, object], mine: list[tuple[Term, bool]]) -> str:
    """ "" where both agree, else what differs."""
    op, negated = expected(found)
    left, values = found["left"], found["values"]
    assert isinstance(left, dict)
    if not mine:
        return "not read"
    if any(polarity != negated for _, polarity in mine):
        return "polarity"
    name = str(found["op"])
    if op == "between":
        if {term.op for term, _ in mine} != {"gte", "lte"}:
            return "operator"
    else:
        absent = {"null"} if op == "eq" and isinstance(values, list) and "" in values else set()
        if any(term.op not in {op, *absent} for term, _ in mine):
            return "operator"
    if "raw" in left:
        if any(term.field != left["raw"] for term, _ in mine):
            return "field"
    elif "computed" in left and not all(term.derived for term, _ in mine):
        return "computed, but read as raw"
    if values is None:
        return "" if all(term.derived or term.listed for term, _ in mine) else "not constant, but read as constant"
    assert isinstance(values, list)
    if "raw" in left and any(term.derived for term, _ in mine):
        return "raw, but read as computed"
    if Counter(map(str, values)).keys() != Counter(term.value for term, _ in mine).keys():
        return "literals"
    cased = name in CASED or (name.endswith("Cs") and name not in ("InCs", "NotInCs"))
    strings = [term for term, _ in mine if term.op not in ("null", "exists", "re") and not term.value.lstrip("-").isdigit()]
    if op in ("eq", "token", "contains", "startswith", "endswith") and any(term.cased and not cased for term in strings):
        return "case"
    return ""


def main(argv: list[str] | None = None) -> int:
    """Compares; 0 when at least 99 % of comparisons and rules agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=5, help="examples of each kind of difference")
    parser.add_argument("--parsed", type=Path, help="what oracle.js wrote before, to not run it again")
    options = parser.parse_args(argv)
    read = queries(options.folder)
    lines = options.parsed.read_text(encoding="utf-8").splitlines() if options.parsed else oracle(read)
    kinds: Counter[str] = Counter()
    shown: dict[str, list[str]] = defaultdict(list)
    accepted = refused = both = equal_rules = total = 0
    for item, line in zip(read, lines, strict=True):
        theirs = json.loads(line)
        assert (theirs["path"], theirs["failure"]) == (item["path"], ""), theirs
        try:
            query = kql.parse(item["query"])
        except QueryError as error:
            if not theirs["errors"]:
                refused += 1
                shown["refused"].append(f"{item['path']}: {error.message}")
            continue
        both += 1
        if theirs["errors"]:
            continue
        accepted += 1
        every = [pair for part in query.parts for pair in terms(part.tree)]
        differs = False
        for found in theirs["comparisons"]:
            if found["op"] == "other":
                continue
            mine = [pair for pair in every if found["start"] <= pair[0].start and pair[0].end <= found["end"]]
            verdict = special(found, mine) or judge(found, mine)
            total += 1
            kinds[verdict] += 1
            if verdict and not verdict.startswith("="):
                differs = True
                text = " ".join(item["query"][found["start"] : found["end"]].split())[:160]
                reading = "; ".join(f"{'not ' * n}{t.field} {t.op} {t.value}{' derived' * t.derived}" for t, n in mine[:3])
                sides = f"{found['left']} {str(found['values'])[:80]} / {reading[:200]}"
                shown[verdict].append(f"{item['path']}\n      {text}\n      {sides}")
        equal_rules += not differs
    agree = kinds[""] + sum(count for kind, count in kinds.items() if kind.startswith("="))
    print(f"{len(read)} queries; Microsoft's parser accepts {accepted + refused}; siftlint reads {both}, refuses {refused}")
    print(
        f"{total} comparisons in `where`: {kinds['']} equal, {agree - kinds['']} differ on purpose: {100 * agree / total:.2f} %"
    )
    print(f"{accepted} rules, {equal_rules} without a difference: {100 * equal_rules / accepted:.2f} %")
    for kind, count in kinds.most_common():
        print(f"  {count:6} {kind or 'equal'}")
    for kind, texts in shown.items():
        print(f"-- {kind}: {len(texts)}")
        for text in texts[: options.show]:
            print(f"    {text}")
    return 0 if agree >= 0.99 * total and equal_rules >= 0.99 * accepted and refused <= 0.002 * accepted else 1


def special(found: dict[str, object], mine: list[tuple[Term, bool]]) -> str:
    """Comparisons that are read as something else on purpose; the kind starts with `=`."""
    if found.get("constant"):
        return "= two constants, which say nothing" if not mine else ""
    left = found["left"]
    op, negated = expected(found)
    same = all(polarity == negated for _, polarity in mine)
    if isinstance(left, dict) and "raw" in left:
        same = same and all(term.field == left["raw"] for term, _ in mine)
    if mine and same and all(term.listed for term, _ in mine):
        return "= an organisation's list, by its name"
    equality = found["op"] in ("Equal", "EqualTilde", "NotEqual", "BangTilde")
    if isinstance(left, dict) and left.get("flag") and not mine and equality:
        return "= a computed flag, read as the condition it stands for"
    if (
        mine
        and same
        and all(term.op in (op, "gte", "lte") for term, _ in mine)
        and (found.get("parameter") or (isinstance(left, dict) and left.get("parameter")))
    ):
        return "= a function's parameter, the argument put in its place"
    if found.get("boolean") or (found.get("call") in BOOLEAN and found["values"] in (["true"], ["false"], ["1"], ["0"])):
        return "= a condition compared with true or false: read as the condition" if mine else ""
    return ""


BOOLEAN = {"ipv4_is_private", "ipv4_is_in_range", "ipv4_is_match", "isempty", "isnotempty", "isnotnull", "isnull", "has_ipv4"}


def oracle(read: list[dict[str, str]]) -> list[str]:
    """What oracle.js says of the queries, a JSON line each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queries.json"
        path.write_text(json.dumps(read), encoding="utf-8")
        done = subprocess.run(["node", str(HERE / "oracle.js"), str(path)], capture_output=True, check=True, encoding="utf-8")
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
