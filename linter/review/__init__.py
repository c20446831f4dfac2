"""Findings on a pull request: what to say (`compare`, `plan`, `words`), and how it gets there (`place`, `hub`, `post`)."""
