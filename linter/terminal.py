"""The width of the terminal, without `shutil`, which loads every compression library to tell it."""

from __future__ import annotations

import os
import sys


def columns() -> int:
    """$COLUMNS, else the terminal's; 80 where there is none."""
    named = os.environ.get("COLUMNS", "")
    if named.isascii() and named.isdigit() and 0 < len(named) < 6 and int(named):
        return int(named)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80 if sys.__stdout__ else 80
    except (OSError, ValueError):
        return 80
