"""One pure function of the Report each."""
