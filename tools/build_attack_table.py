"""Makes linter/taxonomy/data/attack.tsv from the reference data.

    python tools/build_attack_table.py ../shared/data

reads attack-v19.json (names, tactics), attack-v18.1.json (platforms, revoked and deprecated ids) and
attack-moves-v18-v19.json (what v19 moved). A moved id's successor is the technique of the same name, else the one that most
rules moved to, else none. Names are the same when they differ in little more than a plural ("Cloud Logs", "Cloud Log").
"""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from pathlib import Path

TARGET = Path(__file__).parents[1] / "linter" / "taxonomy" / "data" / "attack.tsv"
HEAD = (
    "# ATT&CK: names and tactics v19, platforms v18.1. (c) The MITRE Corporation. This work is reproduced and distributed\n"
    "# with the permission of The MITRE Corporation. Made by tools/build_attack_table.py.\n"
    "# Flags: r revoked, d deprecated, m moved.\n"
    "# id\tname\ttactics\tplatforms\tflags\tsuccessor\n"
)


def main(folder: Path) -> None:
    """Writes the table."""
    old = {t["id"]: t for t in json.loads((folder / "attack-v18.1.json").read_text(encoding="utf-8"))["techniques"]}
    new = {t["id"]: t for t in json.loads((folder / "attack-v19.json").read_text(encoding="utf-8"))["techniques"]}
    moves = json.loads((folder / "attack-moves-v18-v19.json").read_text(encoding="utf-8"))["moves"]
    moves = {id_: to for id_, to in moves.items() if id_ not in new}
    by_name: dict[str, list[str]] = {}
    for id_, technique in new.items():
        by_name.setdefault(technique["name"], []).append(id_)

    fresh = [technique["name"] for id_, technique in new.items() if id_ not in old]

    def successor(id_: str) -> str:
        name = old[id_]["name"] if id_ in old else ""
        same = by_name.get(name) or [to for near in get_close_matches(name, fresh, 2, 0.93) for to in by_name[near]]
        if len(same) == 1:
            return same[0]
        if moves.get(id_):
            return str(max(moves[id_], key=lambda to: (to["rules"], to["to"]))["to"])
        return ""

    sources = {successor(id_): id_ for id_ in sorted(moves, reverse=True)}

    def platforms(id_: str) -> list[str]:
        """Of the id itself, else of what it came from, else of its parent's."""
        for other in (id_, sources.get(id_, ""), id_.partition(".")[0], sources.get(id_.partition(".")[0], "")):
            if old.get(other, {}).get("platforms"):
                return list(old[other]["platforms"])
        return []

    lines = []
    for id_ in sorted(old.keys() | new.keys() | moves.keys()):
        if id_ in new:
            flags, to = "", ""
        elif id_ in moves:
            flags, to = "m", successor(id_)
        else:
            was = old[id_]
            to = was.get("revoked_by") or ""
            flags = ("r" if was["revoked"] else "") + ("d" if was["deprecated"] else "") or "m"
        entry = new.get(id_) or old.get(id_) or {"name": "", "tactics": []}
        lines.append("\t".join((id_, entry["name"], ",".join(entry["tactics"]), ",".join(platforms(id_)), flags, to)))
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} techniques, {TARGET.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
