"""Makes linter/taxonomy/data/events.tsv: (service, event id) → provider and title.

    python tools/build_event_titles.py ../shared/data

Titles come from event_titles.json (Microsoft's documentation as gathered by OSSEM-DD, MIT, and the SigmaHQ guide, public
domain) and attack_events_mapping.csv (OSSEM-DM, MIT); event_titles_by_hand.tsv beside this script goes before both. OSSEM-DD's
ETW task names ("StartingCommand") are no titles and are left out.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "linter" / "taxonomy" / "data" / "events.tsv"
HAND = Path(__file__).with_name("event_titles_by_hand.tsv")
SERVICES = {"microsoft-windows-sysmon/operational": "sysmon", "security": "security", "system": "system"}
PROVIDERS = {"sysmon": "Sysmon", "security": "Security-Auditing", "system": "System"}
HEAD = (
    "# Event titles: service, event id, provider, title. Sources: Microsoft's documentation by way of OSSEM (MIT) and the\n"
    "# SigmaHQ guide (public domain); the rest by hand. Made by tools/build_event_titles.py.\n"
)


def main(folder: Path) -> None:
    """Writes the table."""
    rows: dict[tuple[str, str], tuple[str, str]] = {}
    with (folder / "attack_events_mapping.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            service = SERVICES.get(row["Channel"].lower())
            if service == "security":
                rows[service, row["EventID"]] = (PROVIDERS[service], row["Event Name"].strip())
    for entry in json.loads((folder / "event_titles.json").read_text(encoding="utf-8")):
        service = SERVICES.get(entry["channel"])
        titles = entry["titles"]
        ossem = titles.get("ossem_dd", "")
        title = titles.get("microsoft_guide") or (ossem + ("." if service == "security" else "") if " " in ossem else "")
        if service in ("sysmon", "security") and (title or ossem):
            title = (ossem or title) if service == "sysmon" else title or ossem
            rows[service, entry["id"]] = (PROVIDERS[service], title.strip())
    for line in HAND.read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            service, id_, provider, title = line.split("\t")
            rows[service, id_] = (provider, title)
    lines = ["\t".join((*key, *rows[key])) for key in sorted(rows)]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} titles, {TARGET.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
