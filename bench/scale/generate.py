"""Multiplies a corpus: python bench/scale/generate.py SOURCE OUTPUT --rules N

Every copy has an id of its own, another title, and other names and values in its detection, so that neither the cache nor the
catalog's families see it as the rule that it was made from. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import uuid
from pathlib import Path

_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_TITLE = re.compile(r"^((?:title|name)\s*[:=]\s*[\"']?)", re.MULTILINE)
_PROGRAM = re.compile(r"\b([a-z][a-z0-9_]{2,20})(\.(?:exe|dll|ps1|sys|vbs|bat))\b", re.IGNORECASE)
_VALUE = re.compile(r"(?<=: |- )(?:'[^'\n]+'|\"[^\"\n]+\"|[\w\\/.*-]+$)", re.MULTILINE)
_LONG = re.compile(r"[A-Za-z]{5,}")
_SUFFIXES = (".yml", ".yaml", ".toml", ".yaral")


def varied(text: str, copy: int) -> str:
    """The text as another rule: copy 0 is the text itself."""
    if not copy:
        return text
    text = _ID.sub(lambda found: str(uuid.uuid5(uuid.NAMESPACE_URL, f"{found.group().lower()}/{copy}")), text)
    text = _TITLE.sub(rf"\g<1>Variant {copy} ", text, count=1)
    # Of programs one in three keeps its name, of other words one in two: real corpora share their commonest ones.
    text = _PROGRAM.sub(
        lambda found: found.group() if len(found.group(1)) % 3 == 0 else f"{found.group(1)}{copy}{found.group(2)}", text
    )
    head, detection, rest = text.partition("\ndetection:")
    body, condition, tail = rest.partition("\n    condition:")
    return head + detection + _VALUE.sub(lambda found: _changed(found.group(), copy), body) + condition + tail


def _changed(value: str, copy: int) -> str:
    """A value with every other long word of it changed."""
    return _LONG.sub(lambda word: word.group() if len(word.group()) % 2 else f"{word.group()}{copy}", value)


def generate(source: Path, output: Path, rules: int) -> int:
    """Writes about so many files; returns how many."""
    files = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in _SUFFIXES)
    written = copy = 0
    while written < rules:
        for path in files:
            if written >= rules:
                break
            target = output / "rules" / f"copy{copy:04}" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(varied(path.read_text(encoding="utf-8"), copy), encoding="utf-8")
            written += 1
        copy += 1
    return written


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--rules", type=int, default=100_000)
    arguments = parser.parse_args()
    print(f"{generate(arguments.source, arguments.output, arguments.rules):,} files in {arguments.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
