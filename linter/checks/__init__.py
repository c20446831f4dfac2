"""One file a check: its documentation, its declaration, its code and its examples."""
