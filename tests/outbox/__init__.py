"""The outbox, its worker and its timers on a real database."""
