"""Whole installations out of real processes: PostgreSQL, replicas, what stands in front of them, and the playground."""
