"""Digest: the events since the last issue, as mail."""
