"""An exclusion as a Sigma filter that an author can paste."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from linter.catalog.load import Catalog
from linter.catalog.wording import Wording
from linter.dialects.edit import sigma_slug, sigma_text, yaml_layout
from linter.dialects.edit.base import Refused
from linter.rule import Event, Indicator, Rule

MOST = 600  # characters: a longer filter is not offered


@lru_cache(maxsize=1024)
def _words(catalog: Catalog, cls: str) -> tuple[Rule, Wording]:
    """A Sigma rule on an event class, and its vocabulary."""
    product = cls.partition("/")[2] if "/" in cls else cls.partition(":")[0]
    events = (Event(cls, "", "", "", False),) if cls else ()
    rule = Rule("", "sigma", "sigma", "", "", 0, 0, events=events, platforms=(product,) if product else ())
    return rule, Wording(rule, catalog)


def filter_text(catalog: Catalog, cls: str, leaves: Sequence[Indicator]) -> str:
    """A named filter that excludes what these leaves together say, in the words of a class; "" where Sigma has none."""
    rule, words = _words(catalog, cls)
    parts = [words.native(leaf) for leaf in leaves]
    known = [(one.field, one.op, one.value) for one in parts if one is not None]
    if len(known) < len(parts):
        return ""
    try:
        spelled = sigma_text.together(known)
    except Refused:
        return ""
    name, optional = sigma_slug.name(rule, known)
    lines = [f"filter_{'optional' if optional else 'main'}_{name}:"]
    for one in spelled:
        if not one.key:
            lines.append(f"    - {one.scalar(_QUOTE)}")
        elif one.more:
            lines.append(f"    {yaml_layout.key(one.key)}:")
            lines += [f"        - {part.scalar(_QUOTE)}" for part in (one, *one.more)]
        else:
            lines.append(f"    {yaml_layout.key(one.key)}: {one.scalar(_QUOTE)}")
    text = "\n".join(lines)
    return text if len(text) <= MOST else ""


_QUOTE = "'"
