"""An intent → text edits, one file a dialect."""
