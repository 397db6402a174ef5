"""The project's own rules, checked."""
