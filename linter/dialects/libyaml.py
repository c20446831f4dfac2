"""PyYAML, imported without compiling the regular expressions that only its parser in Python and its constructors need.

They are a tenth of what linting one rule takes. Whoever uses one of them gets it compiled then.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["yaml"]


class _Later:
    """A regular expression that is compiled when it is first used."""

    def __init__(self, pattern: Any, flags: Any = 0) -> None:
        self._given = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(_compile(*self._given), name)
        setattr(self, name, found)
        return found


_compile = re.compile
try:
    re.compile = _Later  # type: ignore[assignment]
    import yaml
finally:
    re.compile = _compile
