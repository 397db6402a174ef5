"""Social networks: what leads to their composers."""
