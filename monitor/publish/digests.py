"""Digests of what a file of the site is made of. Pure."""

from __future__ import annotations

import hashlib


def digest(*parts: str | bytes) -> str:
    """A short digest of texts, for `File.inputs`."""
    # `repr` keeps the parts apart, in one step for all of them: lists have thousands.
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
