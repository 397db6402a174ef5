"""Vouch: a self-hosted bot for employee advocacy in workplace chat."""
