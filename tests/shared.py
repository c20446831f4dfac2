"""Where the corpora and reference data stand, beside the checkout; a user has none of them."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("SIFTLINT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and not os.environ.get("CI"), reason="needs the public corpora in ../shared, which are not here"
)
