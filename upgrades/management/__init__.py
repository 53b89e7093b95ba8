"""Command-line doors, as thin as views."""
