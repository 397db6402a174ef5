"""The promised speeds, measured against their baselines in the same run: `python -m benchmarks [names]`."""
