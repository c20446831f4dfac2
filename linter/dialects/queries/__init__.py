"""Query languages: text → condition trees of Terms. No taxonomy, no files, no checks in here."""
