"""`make chaos`: processes are killed and everything around them fails, and an independent ledger says what was lost."""
