"""Where the corpora and reference data stand, beside the checkout; a user has none of them."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("SIFTLINT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
# In CI their absence is an error, unless it is said that there are none (a hosted runner has only the repository).
_MAY_SKIP = not os.environ.get("CI") or bool(os.environ.get("SIFTLINT_NO_CORPORA"))
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and _MAY_SKIP, reason="needs the public corpora in ../shared, which are not here"
)
