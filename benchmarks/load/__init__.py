"""A company's morning at twenty times the platforms' limits: what arrives, how fast, and whether anything is lost."""
