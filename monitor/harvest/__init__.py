"""Harvest: what to ask PubMed, what it answered, what that changes in the store."""
