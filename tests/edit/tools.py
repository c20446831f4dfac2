"""What the tests of fixes share."""

from __future__ import annotations

from linter.dialects import registry as dialects
from linter.dialects.edit import proof, registry
from linter.finding import Fix, Intent
from linter.source import Source


def edited(text: str, intent: Intent, dialect: str = "sigma", path: str = "rules/a.yml", at: int = 0) -> tuple[Fix, str]:
    """(fix, text that it makes, proven) of an intent on the at-th rule of a text. Refused, Unproven."""
    source = Source(path, text)
    reading = dialects.dialect(dialect).read(source)
    assert not reading.problems, reading.problems
    rule = reading.rules[at]
    fix = registry.fix(source, rule, intent)
    return fix, proof.carried_out(source, reading, rule, intent, fix).source.text


def changes(old: str, new: str) -> list[str]:
    """The lines that went, then those that came: `-…`, `+…`."""
    from difflib import SequenceMatcher

    before, after = old.split("\n"), new.split("\n")
    codes = [code for code in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if code[0] != "equal"]
    gone = ["-" + line for _, start, end, _, _ in codes for line in before[start:end]]
    return gone + ["+" + line for _, _, _, start, end in codes for line in after[start:end]]
