"""siftlint: the linter that stops noisy detection rules before they are merged."""

__version__ = "0.1.0"
