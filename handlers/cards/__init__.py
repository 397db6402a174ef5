"""Rows become cards and forms here, for all use cases."""
