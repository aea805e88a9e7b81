"""Widgets of more than one place, one a file."""
