"""Use cases: one per file, short, without a word of any platform."""
