"""The published JSON Schemas of the commands' output, as package data."""
