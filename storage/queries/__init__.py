"""Queries by noun: the session first, the rest by keyword, never a commit."""
