"""The parts of each platform, put together for one process."""
