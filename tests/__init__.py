"""The tests; `docs/` says what each folder holds."""
