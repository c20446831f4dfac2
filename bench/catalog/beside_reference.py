"""Writes docs/T1021.002-beside-the-reference.md: each row of the reference page for T1021.002 beside the catalog's.

    python bench/catalog/beside_reference.py [SNAPSHOT] [OUTPUT]

The reference's figures are in reference-T1021.002.tsv; the reasons for differences are written here, by row.
"""

from __future__ import annotations

import sys
from pathlib import Path

from linter.catalog.load import Catalog
from linter.catalog.show import Page
from linter.catalog.tally import base
from linter.reporters.catalog_pages import code
from linter.rule import Indicator

HERE = Path(__file__).parent
FIELDS = {"process_name": "Image", "src_ip": "SourceIp", "process_id": "ProcessId", "user.id": "User"}
OPS = {
    "eq": "eq", "in": "eq", "ne": "eq", "ends_with": "endswith", "starts_with": "startswith", "contains": "contains",
    "regex_match": "re", "wildcard": "like",
}  # fmt: skip
# What stands for a reference indicator in the catalog, where that is not the same field, op and lower-case value.
SAME = {
    ("Image", "\\net.exe"): Indicator("Image.name", "eq", "net.exe"),
    ("Image", "\\net1.exe"): Indicator("Image.name", "eq", "net1.exe"),
    ("process_name", "cmd.exe"): Indicator("Image.name", "eq", "cmd.exe"),
    ("process_id", "4"): Indicator("ProcessId", "eq", "4"),
    ("ShareName", "\\\\*\\IPC$"): Indicator("ShareName", "eq", "\\\\*\\ipc$"),
    ("ShareName", "\\\\*\\ADMIN$"): Indicator("ShareName", "like", "\\\\*\\admin$"),
    ("LogonType", "Network"): Indicator("LogonType", "eq", "3"),
    ("user.id", "S-1-5-21"): Indicator("User.sid", "startswith", "s-1-5-21"),
    ("user.id", "S-1-12-"): Indicator("User.sid", "startswith", "s-1-12-"),
    ("src_ip", "127.0.0.1"): Indicator("SourceIp", "eq", "127.0.0.1"),
    ("src_ip", "::1"): Indicator("SourceIp", "eq", "::1"),
}
REASONS = {
    "date": "corpora of another date",
    "EventID": "the same; also counted where a vendor names the event in its data source",
    "Image": "one row for what the reference splits into Image, process_name and others",
    "process_name": "part of Image",
    "EventType": "Kusto's ActionType and UDM's event types keep their own fields; registry operations are EventType",
    "user.id": "a Windows SID: User, with the other account fields",
    "src_ip": "source.ip, src_ip and the like are SourceIp",
    "CommandLine": "process.args are counted, as substrings of the command line",
    "lower": "counted as exclusions, not as indicators: a `!=` is an exclusion",
    "sysmon": "a category has no number: events are counted by class, the number only where a rule names it",
    "SubjectUserName": "five rules exclude it; the reference lists exclusions here as well",
}  # fmt: skip


def rows() -> list[list[str]]:
    lines = (HERE / "reference-T1021.002.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def main() -> None:
    catalog = Catalog.open(sys.argv[1] if len(sys.argv) > 1 else None)
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parents[1] / "docs" / "T1021.002-beside-the-reference.md"
    page = Page(catalog, "T1021.002")
    output.parent.mkdir(exist_ok=True)
    output.write_text("\n".join(document(page)) + "\n", encoding="utf-8")
    print(output.as_posix())


def document(page: Page) -> list[str]:
    counts = page.by_vendor()
    return [
        "# T1021.002 beside the reference page",
        "",
        "Made by `bench/catalog/beside_reference.py`. The reference counts 108 rules (Sigma 51, Elastic 21, Splunk 26,",
        f"Kusto 5, YARA-L 5), the catalog {sum(counts.values())} ("
        + ", ".join(f"{vendor} {count}" for vendor, count in counts.items())
        + "):",
        "other dates, and only live rules. The Splunk corpus here tags 8 live rules with T1021.002; the Sigma one 38,",
        "besides 2 deprecated and 3 unsupported; the Kusto one 1, others tag T1021 alone.",
        "",
        *events(page),
        *fields(page),
        *indicators(page),
        *exclusions(page),
    ]


def table(title: str, note: str, columns: str) -> list[str]:
    return ["", f"## {title}", "", note, "", columns, "|" + " --- |" * (columns.count("|") - 1)]


def events(page: Page) -> list[str]:
    ours = {(row.provider, row.id): row for row in page.tables.events}
    lines, found = [], 0
    for section, provider, _, id, *_ in rows():
        if section != "event":
            continue
        row = ours.get((provider, id))
        found += row is not None
        how = f"{row.rules}{' by category' if row.implied else ''}" if row else ""
        why = "" if row else absent(provider, id)
        lines.append(f"| {provider} | {id} | {how} | {why} |")
    total = sum(1 for row in rows() if row[0] == "event")
    note = f"{found} of {total} found; {len(ours)} in the catalog. A rule's category implies the events that can serve it."
    return [*table("Events covered", note, "| Provider | Event | Rules here | Why not |"), *lines]


def absent(provider: str, id: str) -> str:
    if provider == "Sysmon":
        return "registry key creation or renaming: the rules here set values (13)"
    if provider == "Security-Auditing" and id in ("5152", "5154", "5155", "5157", "5158", "5159"):
        return "listed for every network rule by the reference; the catalog lists 5156, a connection that was permitted"
    return "no rule of these corpora with this tag reads it"


def fields(page: Page) -> list[str]:
    ours = {row.field: row for row in page.tables.fields}
    lines = []
    for section, field, _, _, rules, *_ in rows():
        if section != "field":
            continue
        name = FIELDS.get(field, field)
        row = ours.get(name)
        ops = ", ".join(f"{op} {count}" for op, count in row.ops.items()) if row else ""
        why = REASONS.get(field, REASONS["date"])
        lines.append(f"| {code(field)} | {rules} | {code(name)} | {row.rules if row else 0} | {ops} | {why} |")
    note = f"The reference's 15 of 94; the catalog has {len(ours)}."
    return [*table("Fields filtered most", note, "| Reference | Rules | Here | Rules | How | Why they differ |"), *lines]


def indicators(page: Page) -> list[str]:
    lines = []
    used = {row.indicator: len(row.rules) for row in page.tables.indicators}
    left_out = {row.indicator: len(row.rules) for row in page.tables.exclusions}
    for section, field, kind, value, rules, reach in rows():
        if section != "indicator":
            continue
        one = SAME.get((field, value), Indicator(field, OPS[kind], value.lower() if kind != "regex_match" else value))
        here = used.get(one, 0)
        total = page.catalog.reach(one).total
        excluded = left_out.get(one, 0)
        what = f"{excluded} exclude it" if kind == "ne" or (not here and excluded) else str(here)
        why = reason(field, kind, value)
        shown = f"{code(one.field)} {one.op} {code(one.value)}"
        lines.append(f"| {code(field)} {kind} {code(value)} | {rules} | {reach} | {shown} | {what} | {total} | {why} |")
    note = f"The reference's 30 of 915; the catalog has {len(used)}. A reach of ours counts every vendor's spelling."
    return [*table("Top indicators", note, "| Reference | Rules | Reach | Here | Rules | Reach | Why they differ |"), *lines]


def reason(field: str, kind: str, value: str) -> str:
    if kind == "ne":
        return REASONS["lower"]
    if field == "SubjectUserName":
        return REASONS["SubjectUserName"]
    if field == "EventID" and value in ("1", "11", "17", "18"):
        return REASONS["sysmon"]
    if field == "event.type":
        return "`in` and `eq` are one: a list is one predicate a value"
    if field in ("Image", "process_name", "OriginalFileName"):
        return "all vendors' spellings of the program are one"
    if field == "LogonType":
        return "Network is logon type 3"
    if field == "ShareName":
        return "one pattern, whatever the escapes; " + REASONS["date"]
    return REASONS["date"]


def exclusions(page: Page) -> list[str]:
    ours = page.tables.exclusions
    lines = []
    for section, field, kind, value, rules, *_ in rows():
        if section != "exclusion":
            continue
        name = FIELDS.get(field, field)
        wanted = value.lower().replace("\\(", "(").replace("\\)", ")").strip("*:")
        hits = [row for row in ours if base(row.indicator.field) == name and wanted.rstrip("\\") in row.indicator.value]
        what = f"{len(hits[0].rules)}: {hits[0].kind}, {hits[0].cls}" if hits else "0"
        why = "" if hits else "no rule of these corpora with this tag excludes it (a Splunk rule of another date)"
        lines.append(f"| {code(field)} {kind} {code(value)} | {rules} | {what} | {why} |")
    first = ours[0]
    one = first.indicator
    note = (
        f"The reference's 15 of 151; the catalog has {len(ours)}. First in both: {code(one.field)} {one.op} {code(one.value)}, "
        f"{len(first.rules)} rules here. A `!=` is an exclusion too, which the reference shows as an indicator "
        "(`src_ip ne ::1`); here those are marked definitional: a rule about another machine means one that is not this."
    )
    shown = [*table("Exclusions", note, "| Reference | Rules | Here | Why they differ |"), *lines]
    shown += table(
        "The catalog's first exclusions", "Benign ones first.", "| Field | Kind | Value | Class | What it is | Rules |"
    )
    for row in ours[:15]:
        one = row.indicator
        shown.append(f"| {code(one.field)} | {one.op} | {code(one.value)} | {row.cls} | {row.kind} | {len(row.rules)} |")
    return shown


if __name__ == "__main__":
    main()
