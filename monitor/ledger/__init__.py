"""Ledger: claim by claim, which papers bear on it, how strong they are, and what changed."""
