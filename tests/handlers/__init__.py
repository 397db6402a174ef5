"""Use cases on a real SQLite database."""
