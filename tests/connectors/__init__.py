"""Connectors, each against a real local server or golden files."""
