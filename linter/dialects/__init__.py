"""Text → Rule, or a located problem. No checks in here."""
