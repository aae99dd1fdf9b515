"""The read-only JSON API, version 1: papers, claims and issues."""
